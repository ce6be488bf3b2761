CREATE TABLE "job_failures" (
	"job" varchar(50) NOT NULL,
	"table_name" varchar(63) NOT NULL,
	"row_id" uuid NOT NULL,
	"attempts" bigint DEFAULT 1 NOT NULL,
	"last_failure" jsonb NOT NULL,
	"retry_at" timestamp with time zone NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "job_failures_job_table_name_row_id_pk" PRIMARY KEY("job","table_name","row_id")
);
--> statement-breakpoint
ALTER TABLE "job_failures" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
DROP INDEX "user_integrations_key_id_idx";--> statement-breakpoint
DROP INDEX "oauth_connections_key_id_idx";--> statement-breakpoint
CREATE INDEX "job_failures_retry_at_idx" ON "job_failures" USING btree ("retry_at");--> statement-breakpoint
CREATE INDEX "user_integrations_key_user_idx" ON "user_integrations" USING btree ("key_id","user_id","id") WHERE "user_integrations"."key_id" is not null;--> statement-breakpoint
CREATE INDEX "oauth_connections_key_owner_idx" ON "oauth_connections" USING btree ("key_id","owner","id");--> statement-breakpoint
CREATE INDEX "connector_breakers_open_until_idx" ON "connector_breakers" USING btree ("open_until");--> statement-breakpoint
CREATE INDEX "grant_revocations_owner_idx" ON "grant_revocations" USING btree ("owner","created_at");--> statement-breakpoint
CREATE POLICY "job_failures_system" ON "job_failures" AS PERMISSIVE FOR ALL TO "gatehouse_system" USING (true) WITH CHECK (true);--> statement-breakpoint
grant select, insert, update, delete on job_failures to gatehouse_system;
