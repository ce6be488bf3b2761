-- Undoes 0013_tmp_a. A draft from drizzle-kit's snapshots: read it, and add what the file does by hand.
DROP POLICY "job_failures_system" ON "job_failures" CASCADE;
--> statement-breakpoint
DROP TABLE "job_failures" CASCADE;
--> statement-breakpoint
DROP INDEX "user_integrations_key_user_idx";
--> statement-breakpoint
DROP INDEX "oauth_connections_key_owner_idx";
--> statement-breakpoint
DROP INDEX "connector_breakers_open_until_idx";
--> statement-breakpoint
DROP INDEX "grant_revocations_owner_idx";
--> statement-breakpoint
CREATE INDEX "user_integrations_key_id_idx" ON "user_integrations" USING btree ("key_id") WHERE "user_integrations"."key_id" is not null;
--> statement-breakpoint
CREATE INDEX "oauth_connections_key_id_idx" ON "oauth_connections" USING btree ("key_id");
