create trigger user_integrations_keep_seal before update on user_integrations
  for each row execute function gatehouse.keep_seal();
--> statement-breakpoint
create trigger user_integrations_drop_unverified after delete or update of connection_id on user_integrations
  for each row when (old.connection_id is not null) execute function gatehouse.drop_unverified_grant();
