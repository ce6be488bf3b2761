-- Undoes 0010_integrations.
revoke all (id, email, display_name, avatar_url, position, role, phone_number, time_zone, created_at, updated_at)
  on users from gatehouse_sql;
--> statement-breakpoint
revoke select on oauth_connections from gatehouse_sql;
--> statement-breakpoint
DROP POLICY "services_read" ON "services" CASCADE;
--> statement-breakpoint
DROP POLICY "services_system" ON "services" CASCADE;
--> statement-breakpoint
DROP TABLE "services" CASCADE;
--> statement-breakpoint
DROP POLICY "user_integrations_member_select" ON "user_integrations" CASCADE;
--> statement-breakpoint
DROP POLICY "user_integrations_sql" ON "user_integrations" CASCADE;
--> statement-breakpoint
DROP POLICY "user_integrations_system" ON "user_integrations" CASCADE;
--> statement-breakpoint
DROP TABLE "user_integrations" CASCADE;
--> statement-breakpoint
DROP TABLE "legacy_links" CASCADE;
--> statement-breakpoint
DROP TABLE "legacy_runs" CASCADE;
--> statement-breakpoint
DROP INDEX "oauth_connections_identify_idx";
--> statement-breakpoint
DROP INDEX "oauth_connections_plain_idx";
--> statement-breakpoint
DROP INDEX "oauth_connections_broken_idx";
--> statement-breakpoint
DROP INDEX "oauth_connections_not_renewed_idx";
--> statement-breakpoint
ALTER TABLE "users" DROP COLUMN "metadata";
--> statement-breakpoint
ALTER TABLE "oauth_connections" DROP COLUMN "identify_at";
--> statement-breakpoint
DROP POLICY "users_sql_select" ON "users" CASCADE;
--> statement-breakpoint
DROP POLICY "users_sql_insert" ON "users" CASCADE;
--> statement-breakpoint
DROP POLICY "users_sql_update" ON "users" CASCADE;
--> statement-breakpoint
DROP POLICY "oauth_connections_sql_select" ON "oauth_connections" CASCADE;
