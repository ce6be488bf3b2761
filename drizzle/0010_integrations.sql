CREATE TABLE "services" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"type" text NOT NULL,
	"provider" text NOT NULL,
	"connector_id" text NOT NULL,
	"scopes" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"tokens_expire" boolean DEFAULT true NOT NULL,
	"is_active" boolean DEFAULT true NOT NULL,
	"metadata" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "services_scopes_array" CHECK (jsonb_typeof("services"."scopes") = 'array'),
	CONSTRAINT "services_metadata_object" CHECK (jsonb_typeof("services"."metadata") = 'object')
);
--> statement-breakpoint
ALTER TABLE "services" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "user_integrations" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"user_id" text NOT NULL,
	"service_id" text NOT NULL,
	"is_active" boolean DEFAULT true NOT NULL,
	"display_label" text,
	"connection_id" uuid,
	"auth_code" text,
	"external_user_id" text,
	"external_username" text,
	"credentials" jsonb,
	"metadata" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"key_id" text GENERATED ALWAYS AS (case when (case when left(credentials #>> '{}', 12) = 'gatehouse:1:' then split_part(credentials #>> '{}', ':', 3) end) <> (case when left(auth_code, 12) = 'gatehouse:1:' then split_part(auth_code, ':', 3) end) then '?' else coalesce(case when left(credentials #>> '{}', 12) = 'gatehouse:1:' then split_part(credentials #>> '{}', ':', 3) end, case when left(auth_code, 12) = 'gatehouse:1:' then split_part(auth_code, ':', 3) end) end) STORED,
	"created_by" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "user_integrations_account_key" UNIQUE NULLS NOT DISTINCT("user_id","service_id","external_user_id"),
	CONSTRAINT "user_integrations_user_id_id_key" UNIQUE("user_id","id"),
	CONSTRAINT "user_integrations_external_user_id_length" CHECK (length("user_integrations"."external_user_id") <= 255),
	CONSTRAINT "user_integrations_metadata_object" CHECK (jsonb_typeof("user_integrations"."metadata") = 'object')
);
--> statement-breakpoint
ALTER TABLE "user_integrations" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "legacy_links" (
	"run_id" uuid NOT NULL,
	"integration_id" uuid NOT NULL,
	"user_id" text NOT NULL,
	"slot" text NOT NULL,
	CONSTRAINT "legacy_links_run_id_integration_id_pk" PRIMARY KEY("run_id","integration_id")
);
--> statement-breakpoint
ALTER TABLE "legacy_links" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "legacy_runs" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"schema_name" text NOT NULL,
	"state" text NOT NULL,
	"options" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"catalogue" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"report" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "legacy_runs" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "users" ADD COLUMN "metadata" jsonb DEFAULT '{}'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "oauth_connections" ADD COLUMN "identify_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "user_integrations" ADD CONSTRAINT "user_integrations_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "user_integrations" ADD CONSTRAINT "user_integrations_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE restrict ON UPDATE cascade;--> statement-breakpoint
ALTER TABLE "user_integrations" ADD CONSTRAINT "user_integrations_created_by_users_id_fk" FOREIGN KEY ("created_by") REFERENCES "public"."users"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "legacy_links" ADD CONSTRAINT "legacy_links_run_id_legacy_runs_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."legacy_runs"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "user_integrations_connection_idx" ON "user_integrations" USING btree ("user_id","connection_id");--> statement-breakpoint
CREATE INDEX "user_integrations_created_by_idx" ON "user_integrations" USING btree ("created_by");--> statement-breakpoint
CREATE INDEX "user_integrations_external_idx" ON "user_integrations" USING btree ("service_id","external_user_id");--> statement-breakpoint
CREATE INDEX "user_integrations_without_grant_idx" ON "user_integrations" USING btree ("service_id","id") WHERE "user_integrations"."is_active" and "user_integrations"."connection_id" is null;--> statement-breakpoint
CREATE INDEX "user_integrations_without_account_idx" ON "user_integrations" USING btree ("service_id","id") WHERE "user_integrations"."is_active" and "user_integrations"."external_user_id" is null;--> statement-breakpoint
CREATE INDEX "user_integrations_empty_idx" ON "user_integrations" USING btree ("id") WHERE "user_integrations"."connection_id" is null and "user_integrations"."external_user_id" is null and "user_integrations"."credentials" is null and "user_integrations"."auth_code" is null;--> statement-breakpoint
CREATE INDEX "user_integrations_plain_idx" ON "user_integrations" USING btree ("id") WHERE left("user_integrations"."credentials" #>> '{}', 12) <> 'gatehouse:1:' or left("user_integrations"."auth_code", 12) <> 'gatehouse:1:';--> statement-breakpoint
CREATE INDEX "user_integrations_key_id_idx" ON "user_integrations" USING btree ("key_id") WHERE "user_integrations"."key_id" is not null;--> statement-breakpoint
CREATE INDEX "legacy_links_user_idx" ON "legacy_links" USING btree ("run_id","user_id");--> statement-breakpoint
CREATE UNIQUE INDEX "legacy_runs_normalized_key" ON "legacy_runs" USING btree ("schema_name") WHERE "legacy_runs"."state" = 'normalized';--> statement-breakpoint
-- squawk-ignore require-concurrent-index-creation -- before the first release: no table is large yet
CREATE INDEX "oauth_connections_identify_idx" ON "oauth_connections" USING btree ("identify_at") WHERE "oauth_connections"."identify_at" is not null;--> statement-breakpoint
-- squawk-ignore require-concurrent-index-creation -- before the first release: no table is large yet
CREATE INDEX "oauth_connections_plain_idx" ON "oauth_connections" USING btree ("id") WHERE (access_token <> '' and left(access_token, 12) <> 'gatehouse:1:') or left(refresh_token, 12) <> 'gatehouse:1:' or left(client_secret, 12) <> 'gatehouse:1:';--> statement-breakpoint
-- squawk-ignore require-concurrent-index-creation -- before the first release: no table is large yet
CREATE INDEX "oauth_connections_broken_idx" ON "oauth_connections" USING btree ("user_id","id") WHERE status <> 'active' and user_id is not null;--> statement-breakpoint
-- squawk-ignore require-concurrent-index-creation -- before the first release: no table is large yet
CREATE INDEX "oauth_connections_not_renewed_idx" ON "oauth_connections" USING btree ("expires_at") WHERE status = 'active' and refresh_token is null and user_id is not null;--> statement-breakpoint
CREATE POLICY "users_sql_select" ON "users" AS PERMISSIVE FOR SELECT TO "gatehouse_sql" USING (true);--> statement-breakpoint
CREATE POLICY "users_sql_insert" ON "users" AS PERMISSIVE FOR INSERT TO "gatehouse_sql" WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "users_sql_update" ON "users" AS PERMISSIVE FOR UPDATE TO "gatehouse_sql" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "oauth_connections_sql_select" ON "oauth_connections" AS PERMISSIVE FOR SELECT TO "gatehouse_sql" USING ("oauth_connections"."user_id" is not null);--> statement-breakpoint
CREATE POLICY "services_read" ON "services" AS PERMISSIVE FOR SELECT TO "gatehouse_admin", "gatehouse_member", "gatehouse_sql" USING (true);--> statement-breakpoint
CREATE POLICY "services_system" ON "services" AS PERMISSIVE FOR ALL TO "gatehouse_system" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "user_integrations_member_select" ON "user_integrations" AS PERMISSIVE FOR SELECT TO "gatehouse_member" USING ("user_integrations"."user_id" = (select gatehouse.uid()));--> statement-breakpoint
CREATE POLICY "user_integrations_sql" ON "user_integrations" AS PERMISSIVE FOR ALL TO "gatehouse_sql" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "user_integrations_system" ON "user_integrations" AS PERMISSIVE FOR ALL TO "gatehouse_system" USING (true) WITH CHECK (true);
--> statement-breakpoint
alter table user_integrations add constraint user_integrations_connection_fkey foreign key (user_id, connection_id)
  references oauth_connections (user_id, id) on update cascade on delete set null (connection_id);
--> statement-breakpoint
create trigger services_updated before update on services for each row execute function update_updated_at();
--> statement-breakpoint
create trigger user_integrations_updated before update on user_integrations for each row execute function update_updated_at();
--> statement-breakpoint
create trigger legacy_runs_updated before update on legacy_runs for each row execute function update_updated_at();
--> statement-breakpoint
grant select on services to gatehouse_member, gatehouse_admin, gatehouse_sql;
--> statement-breakpoint
grant select, insert, update, delete on services, user_integrations to gatehouse_system;
--> statement-breakpoint
-- A member reads all but credentials; every change is a function's.
grant select (id, user_id, service_id, is_active, display_label, connection_id, external_user_id, external_username,
  metadata, created_by, created_at, updated_at) on user_integrations to gatehouse_member;
--> statement-breakpoint
grant select (identify_at) on oauth_connections to gatehouse_member;
--> statement-breakpoint
-- SQL clients are trusted with every user's integrations, and write tokens through functions alone: the vault is read only.
grant select, delete on user_integrations to gatehouse_sql;
--> statement-breakpoint
grant insert (id, user_id, service_id, is_active, display_label, auth_code, external_user_id, external_username, credentials,
  metadata, created_at, updated_at) on user_integrations to gatehouse_sql;
--> statement-breakpoint
grant update (id, service_id, is_active, display_label, auth_code, external_user_id, external_username, credentials,
  metadata, created_at, updated_at) on user_integrations to gatehouse_sql;
--> statement-breakpoint
grant select on oauth_connections to gatehouse_sql;
--> statement-breakpoint
-- The profile alone: an address is changed by proving it, and what protects an account is not a SQL client's.
grant select (id, email, display_name, avatar_url, position, role, phone_number, time_zone, created_at, updated_at)
  on users to gatehouse_sql;
--> statement-breakpoint
grant insert (id, email, display_name, position, role, phone_number, time_zone, created_at) on users to gatehouse_sql;
--> statement-breakpoint
grant update (display_name, position, role, phone_number, time_zone) on users to gatehouse_sql;
--> statement-breakpoint
insert into services (id, name, type, provider, connector_id, scopes, tokens_expire, metadata) values
  ('gmail', 'Gmail', 'email', 'google', 'google', '["https://www.googleapis.com/auth/gmail.readonly"]', true, '{"icon": "gmail", "color": "#ea4335"}'),
  ('google_calendar', 'Google Calendar', 'calendar', 'google', 'google', '["https://www.googleapis.com/auth/calendar.readonly"]', true, '{"icon": "google_calendar", "color": "#4285f4"}'),
  ('telegram', 'Telegram', 'messaging', 'telegram', 'telegram', '[]', false, '{"icon": "telegram", "color": "#26a5e4"}'),
  ('signal', 'Signal', 'messaging', 'signal', 'signal', '[]', false, '{"icon": "signal", "color": "#3a76f0"}'),
  ('whatsapp', 'WhatsApp', 'messaging', 'whatsapp', 'whatsapp', '[]', false, '{"icon": "whatsapp", "color": "#25d366"}')
on conflict (id) do nothing;
