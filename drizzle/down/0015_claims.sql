-- The dates go with their column, two files before.
drop trigger user_integrations_judge_claim on user_integrations;
--> statement-breakpoint
revoke select (verified_at) on user_integrations from gatehouse_member;
