-- Undoes 0013_tmp_b. A draft from drizzle-kit's snapshots: read it, and add what the file does by hand.
ALTER TABLE "connection_events" DROP CONSTRAINT "connection_events_actor_user_id_users_id_fk";

--> statement-breakpoint
DROP INDEX "magic_links_email_idx";
--> statement-breakpoint
DROP INDEX "magic_links_attempts_idx";
--> statement-breakpoint
DROP INDEX "user_integrations_verified_key";
--> statement-breakpoint
DROP INDEX "connection_events_actor_user_id_idx";
--> statement-breakpoint
-- A mail without a code lives ten minutes; there is no way back for its row.
delete from magic_links where code_hash is null;
--> statement-breakpoint
ALTER TABLE "magic_links" ALTER COLUMN "code_hash" SET NOT NULL;
--> statement-breakpoint
ALTER TABLE "user_integrations" DROP COLUMN "verified_at";
--> statement-breakpoint
ALTER TABLE "connection_events" DROP COLUMN "actor_user_id";
