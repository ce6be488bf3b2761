-- Undoes 0008_oauth_vault.
alter table oauth_accounts drop constraint oauth_accounts_connection_fkey;
--> statement-breakpoint
delete from oauth_states where purpose = 'connect';
--> statement-breakpoint
DROP POLICY "oauth_connections_member_select" ON "oauth_connections" CASCADE;
--> statement-breakpoint
DROP POLICY "oauth_connections_system" ON "oauth_connections" CASCADE;
--> statement-breakpoint
DROP TABLE "oauth_connections" CASCADE;
--> statement-breakpoint
DROP POLICY "connected_apps_member_select" ON "connected_apps" CASCADE;
--> statement-breakpoint
DROP POLICY "connected_apps_system" ON "connected_apps" CASCADE;
--> statement-breakpoint
DROP TABLE "connected_apps" CASCADE;
--> statement-breakpoint
DROP POLICY "connection_events_member_select" ON "connection_events" CASCADE;
--> statement-breakpoint
DROP POLICY "connection_events_system" ON "connection_events" CASCADE;
--> statement-breakpoint
DROP TABLE "connection_events" CASCADE;
--> statement-breakpoint
DROP POLICY "connector_breakers_system" ON "connector_breakers" CASCADE;
--> statement-breakpoint
DROP TABLE "connector_breakers" CASCADE;
--> statement-breakpoint
DROP POLICY "grant_revocations_system" ON "grant_revocations" CASCADE;
--> statement-breakpoint
DROP TABLE "grant_revocations" CASCADE;
--> statement-breakpoint
ALTER TABLE "oauth_states" DROP CONSTRAINT "oauth_states_purpose";
--> statement-breakpoint
ALTER TABLE "oauth_states" DROP CONSTRAINT "oauth_states_organization_id_organizations_id_fk";
--> statement-breakpoint
DROP INDEX "oauth_accounts_connection_idx";
--> statement-breakpoint
DROP INDEX "oauth_states_organization_id_idx";
--> statement-breakpoint
ALTER TABLE "oauth_accounts" DROP COLUMN "connection_id";
--> statement-breakpoint
ALTER TABLE "oauth_states" DROP COLUMN "organization_id";
--> statement-breakpoint
ALTER TABLE "oauth_states" DROP COLUMN "request";
--> statement-breakpoint
ALTER TABLE "oauth_states" ADD CONSTRAINT "oauth_states_purpose" CHECK (("oauth_states"."purpose" = 'sign_in' and "oauth_states"."user_id" is null) or ("oauth_states"."purpose" = 'link' and "oauth_states"."user_id" is not null));
--> statement-breakpoint
DROP TYPE "public"."oauth_status";
