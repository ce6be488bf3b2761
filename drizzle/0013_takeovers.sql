CREATE TABLE "email_changes" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"user_id" text NOT NULL,
	"previous_email" varchar(255) NOT NULL,
	"previous_since" timestamp with time zone NOT NULL,
	"email" varchar(255) NOT NULL,
	"is_final" boolean DEFAULT false NOT NULL,
	"undone_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "email_changes" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
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
CREATE TABLE "idempotency_keys" (
	"key_hash" varchar(255) PRIMARY KEY NOT NULL,
	"input_hash" varchar(255) NOT NULL,
	"day" bigint NOT NULL,
	"effects" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "idempotency_keys" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
-- squawk-ignore require-concurrent-index-deletion -- before the first release: no table is large yet
DROP INDEX "user_integrations_key_id_idx";--> statement-breakpoint
-- squawk-ignore require-concurrent-index-deletion -- before the first release: no table is large yet
DROP INDEX "oauth_connections_key_id_idx";--> statement-breakpoint
-- squawk-ignore ban-drop-not-null -- who reads it asks first whether there is a code
ALTER TABLE "magic_links" ALTER COLUMN "code_hash" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "security_alerts" ADD COLUMN "email" varchar(255);--> statement-breakpoint
ALTER TABLE "security_alerts" ADD COLUMN "email_since" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "security_alerts" ADD COLUMN "report" jsonb;--> statement-breakpoint
ALTER TABLE "user_sessions" ADD COLUMN "credential_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "user_integrations" ADD COLUMN "verified_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "connection_events" ADD COLUMN "actor_user_id" text;--> statement-breakpoint
ALTER TABLE "email_changes" ADD CONSTRAINT "email_changes_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "email_changes_user_id_idx" ON "email_changes" USING btree ("user_id","created_at");--> statement-breakpoint
CREATE INDEX "email_changes_previous_email_idx" ON "email_changes" USING btree (lower("previous_email"));--> statement-breakpoint
CREATE INDEX "email_changes_created_at_idx" ON "email_changes" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "job_failures_retry_at_idx" ON "job_failures" USING btree ("retry_at");--> statement-breakpoint
CREATE INDEX "idempotency_keys_created_at_idx" ON "idempotency_keys" USING btree ("created_at");--> statement-breakpoint
-- squawk-ignore adding-foreign-key-constraint, constraint-missing-not-valid -- the column is new: there is nothing to read
ALTER TABLE "connection_events" ADD CONSTRAINT "connection_events_actor_user_id_users_id_fk" FOREIGN KEY ("actor_user_id") REFERENCES "public"."users"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
-- squawk-ignore require-concurrent-index-creation -- mails live ten minutes and a day: few, and read in no time
CREATE INDEX "magic_links_email_idx" ON "magic_links" USING btree (lower("email"),"created_at");--> statement-breakpoint
-- squawk-ignore require-concurrent-index-creation -- mails live ten minutes and a day: few, and read in no time
CREATE INDEX "magic_links_attempts_idx" ON "magic_links" USING btree ("expires_at") WHERE "magic_links"."attempts" > 0;--> statement-breakpoint
-- squawk-ignore require-concurrent-index-creation -- before the first release: no table is large yet
CREATE UNIQUE INDEX "user_integrations_verified_key" ON "user_integrations" USING btree ("service_id","external_user_id") WHERE "user_integrations"."verified_at" is not null;--> statement-breakpoint
-- squawk-ignore require-concurrent-index-creation -- before the first release: no table is large yet
CREATE INDEX "user_integrations_key_user_idx" ON "user_integrations" USING btree ("key_id","user_id","id") WHERE "user_integrations"."key_id" is not null;--> statement-breakpoint
-- squawk-ignore require-concurrent-index-creation -- before the first release: no table is large yet
CREATE INDEX "oauth_connections_key_owner_idx" ON "oauth_connections" USING btree ("key_id","owner","id");--> statement-breakpoint
-- squawk-ignore require-concurrent-index-creation -- before the first release: no table is large yet
CREATE INDEX "connection_events_actor_user_id_idx" ON "connection_events" USING btree ("actor_user_id");--> statement-breakpoint
-- squawk-ignore require-concurrent-index-creation -- a row a connector and client: few
CREATE INDEX "connector_breakers_open_until_idx" ON "connector_breakers" USING btree ("open_until");--> statement-breakpoint
-- squawk-ignore require-concurrent-index-creation -- what waits to be revoked: few
CREATE INDEX "grant_revocations_owner_idx" ON "grant_revocations" USING btree ("owner","created_at");--> statement-breakpoint
CREATE POLICY "email_changes_system" ON "email_changes" AS PERMISSIVE FOR ALL TO "gatehouse_system" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "job_failures_system" ON "job_failures" AS PERMISSIVE FOR ALL TO "gatehouse_system" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "idempotency_keys_system" ON "idempotency_keys" AS PERMISSIVE FOR ALL TO "gatehouse_system" USING (true) WITH CHECK (true);--> statement-breakpoint
-- Deleting expired rows skips locked ones, and locking asks for a right to update something.
grant select, update (day), delete on idempotency_keys to gatehouse_system;
--> statement-breakpoint
grant select, update (undone_at), delete on email_changes to gatehouse_system;
--> statement-breakpoint
-- Changes of the last thirty days, from the mails that told of them, so that those mails still undo them.
insert into email_changes (id, user_id, previous_email, previous_since, email, undone_at, created_at)
select a.id, a.user_id, a.details->>'previousEmail',
       coalesce(lag(a.created_at) over later, u.created_at),
       coalesce(lead(a.details->>'previousEmail') over later, u.email), a.used_at, a.created_at
  from security_alerts a join users u on u.id = a.user_id
 where a.kind = 'email_changed' and a.details->>'previousEmail' is not null and u.email is not null
   and a.created_at > now() - interval '30 days'
window later as (partition by a.user_id order by a.created_at, a.id);
--> statement-breakpoint
update security_alerts a
   set email = coalesce(a.details->>'previousEmail', (
         select c.previous_email from email_changes c where c.user_id = a.user_id and c.created_at > a.created_at
          order by c.created_at limit 1), u.email),
       email_since = coalesce((select c.previous_since from email_changes c where c.id = a.id), (
         select max(c.created_at) from email_changes c
          where c.user_id = a.user_id and c.created_at <= a.created_at and c.undone_at is null), u.created_at),
       details = a.details || case when exists (select from email_changes c where c.id = a.id)
         then jsonb_build_object('changeId', a.id) else '{}' end
  from users u where u.id = a.user_id and a.email is null;
--> statement-breakpoint
grant select, insert, update, delete on job_failures to gatehouse_system;
