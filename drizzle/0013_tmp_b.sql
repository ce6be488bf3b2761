-- squawk-ignore ban-drop-not-null -- who reads it asks first whether there is a code
ALTER TABLE "magic_links" ALTER COLUMN "code_hash" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "user_integrations" ADD COLUMN "verified_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "connection_events" ADD COLUMN "actor_user_id" text;--> statement-breakpoint
-- squawk-ignore adding-foreign-key-constraint, constraint-missing-not-valid -- the column is new: there is nothing to read
ALTER TABLE "connection_events" ADD CONSTRAINT "connection_events_actor_user_id_users_id_fk" FOREIGN KEY ("actor_user_id") REFERENCES "public"."users"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
-- squawk-ignore require-concurrent-index-creation -- mails live ten minutes and a day: few, and read in no time
CREATE INDEX "magic_links_email_idx" ON "magic_links" USING btree (lower("email"),"created_at");--> statement-breakpoint
-- squawk-ignore require-concurrent-index-creation -- mails live ten minutes and a day: few, and read in no time
CREATE INDEX "magic_links_attempts_idx" ON "magic_links" USING btree ("expires_at") WHERE "magic_links"."attempts" > 0;--> statement-breakpoint
-- squawk-ignore require-concurrent-index-creation -- before the first release: no table is large yet
CREATE UNIQUE INDEX "user_integrations_verified_key" ON "user_integrations" USING btree ("service_id","external_user_id") WHERE "user_integrations"."verified_at" is not null;--> statement-breakpoint
-- squawk-ignore require-concurrent-index-creation -- before the first release: no table is large yet
CREATE INDEX "connection_events_actor_user_id_idx" ON "connection_events" USING btree ("actor_user_id");