-- Undoes 0012_integration_triggers.
drop trigger user_integrations_keep_seal on user_integrations;
--> statement-breakpoint
drop trigger user_integrations_drop_unverified on user_integrations;
