CREATE TABLE "idempotency_keys" (
	"key_hash" varchar(255) PRIMARY KEY NOT NULL,
	"input_hash" varchar(255) NOT NULL,
	"day" integer NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "idempotency_keys" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE INDEX "idempotency_keys_created_at_idx" ON "idempotency_keys" USING btree ("created_at");--> statement-breakpoint
CREATE POLICY "idempotency_keys_system" ON "idempotency_keys" AS PERMISSIVE FOR ALL TO "gatehouse_system" USING (true) WITH CHECK (true);--> statement-breakpoint
-- Deleting expired rows skips locked ones, and locking asks for a right to update something.
grant select, update (day), delete on idempotency_keys to gatehouse_system;
