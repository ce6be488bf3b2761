-- Undoes 0013_security. A draft from drizzle-kit's snapshots: read it, and add what the file does by hand.
DROP POLICY "idempotency_keys_system" ON "idempotency_keys" CASCADE;
--> statement-breakpoint
DROP TABLE "idempotency_keys" CASCADE;
