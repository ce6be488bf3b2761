-- Undoes 0013_takeovers. Grants go with their tables and columns.
DROP POLICY "email_changes_system" ON "email_changes" CASCADE;
--> statement-breakpoint
DROP TABLE "email_changes" CASCADE;
--> statement-breakpoint
DROP POLICY "job_failures_system" ON "job_failures" CASCADE;
--> statement-breakpoint
DROP TABLE "job_failures" CASCADE;
--> statement-breakpoint
DROP POLICY "idempotency_keys_system" ON "idempotency_keys" CASCADE;
--> statement-breakpoint
DROP TABLE "idempotency_keys" CASCADE;
--> statement-breakpoint
ALTER TABLE "connection_events" DROP CONSTRAINT "connection_events_actor_user_id_users_id_fk";

--> statement-breakpoint
DROP INDEX "magic_links_email_idx";
--> statement-breakpoint
DROP INDEX "magic_links_attempts_idx";
--> statement-breakpoint
DROP INDEX "user_integrations_verified_key";
--> statement-breakpoint
DROP INDEX "user_integrations_key_user_idx";
--> statement-breakpoint
DROP INDEX "oauth_connections_key_owner_idx";
--> statement-breakpoint
DROP INDEX "connection_events_actor_user_id_idx";
--> statement-breakpoint
DROP INDEX "connector_breakers_open_until_idx";
--> statement-breakpoint
DROP INDEX "grant_revocations_owner_idx";
--> statement-breakpoint
-- A mail without a code lives ten minutes; there is no way back for its row.
delete from magic_links where code_hash is null;
--> statement-breakpoint
ALTER TABLE "magic_links" ALTER COLUMN "code_hash" SET NOT NULL;
--> statement-breakpoint
CREATE INDEX "user_integrations_key_id_idx" ON "user_integrations" USING btree ("key_id") WHERE "user_integrations"."key_id" is not null;
--> statement-breakpoint
CREATE INDEX "oauth_connections_key_id_idx" ON "oauth_connections" USING btree ("key_id");
--> statement-breakpoint
ALTER TABLE "security_alerts" DROP COLUMN "email";
--> statement-breakpoint
ALTER TABLE "security_alerts" DROP COLUMN "email_since";
--> statement-breakpoint
ALTER TABLE "security_alerts" DROP COLUMN "report";
--> statement-breakpoint
ALTER TABLE "user_sessions" DROP COLUMN "credential_at";
--> statement-breakpoint
ALTER TABLE "user_integrations" DROP COLUMN "verified_at";
--> statement-breakpoint
ALTER TABLE "connection_events" DROP COLUMN "actor_user_id";
