-- Undoes 0013_security. A draft from drizzle-kit's snapshots: read it, and add what the file does by hand.
DROP POLICY "email_changes_system" ON "email_changes" CASCADE;
--> statement-breakpoint
DROP TABLE "email_changes" CASCADE;
--> statement-breakpoint
DROP POLICY "idempotency_keys_system" ON "idempotency_keys" CASCADE;
--> statement-breakpoint
DROP TABLE "idempotency_keys" CASCADE;
--> statement-breakpoint
ALTER TABLE "security_alerts" DROP COLUMN "email";
--> statement-breakpoint
ALTER TABLE "security_alerts" DROP COLUMN "email_since";
--> statement-breakpoint
ALTER TABLE "security_alerts" DROP COLUMN "report";
--> statement-breakpoint
ALTER TABLE "user_sessions" DROP COLUMN "credential_at";
