CREATE TABLE "api_tokens" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"kind" varchar(20) NOT NULL,
	"organization_id" uuid,
	"user_id" text,
	"created_by" text,
	"name" varchar(255) NOT NULL,
	"token_hash" varchar(255) NOT NULL,
	"token_prefix" varchar(10) NOT NULL,
	"scopes" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"last_used_at" timestamp with time zone,
	"expires_at" timestamp with time zone,
	"revoked_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "api_tokens_token_hash_unique" UNIQUE("token_hash"),
	CONSTRAINT "api_tokens_owner" CHECK (("api_tokens"."kind" = 'personal' and "api_tokens"."user_id" is not null and "api_tokens"."organization_id" is null)
        or ("api_tokens"."kind" = 'organization' and "api_tokens"."user_id" is null and "api_tokens"."organization_id" is not null)
        or ("api_tokens"."kind" = 'service' and "api_tokens"."user_id" is null and "api_tokens"."organization_id" is null))
);
--> statement-breakpoint
ALTER TABLE "api_tokens" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "login_history" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"user_id" text NOT NULL,
	"event_type" varchar(50) NOT NULL,
	"auth_method" varchar(50),
	"ip_address" "inet",
	"device_info" jsonb,
	"location" jsonb,
	"success" boolean NOT NULL,
	"failure_reason" varchar(255),
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "login_history" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "magic_links" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"user_id" text,
	"email" varchar(255) NOT NULL,
	"token_hash" varchar(255) NOT NULL,
	"code_hash" varchar(255) NOT NULL,
	"attempts" smallint DEFAULT 0 NOT NULL,
	"browser_hash" varchar(255) NOT NULL,
	"redirect_url" text,
	"expires_at" timestamp with time zone NOT NULL,
	"used_at" timestamp with time zone,
	"session_id" uuid,
	"ip_address" "inet",
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "magic_links_token_hash_unique" UNIQUE("token_hash")
);
--> statement-breakpoint
ALTER TABLE "magic_links" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "user_sessions" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"user_id" text NOT NULL,
	"session_token_hash" varchar(255) NOT NULL,
	"auth_method" varchar(50) NOT NULL,
	"device_type" varchar(50),
	"device_name" varchar(255),
	"browser" varchar(100),
	"os" varchar(100),
	"ip_address" "inet",
	"location_city" varchar(100),
	"location_country" varchar(100),
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"authenticated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"last_active_at" timestamp with time zone DEFAULT now() NOT NULL,
	"idle_timeout" interval DEFAULT '7 days' NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"revoked_at" timestamp with time zone,
	CONSTRAINT "user_sessions_session_token_hash_unique" UNIQUE("session_token_hash"),
	CONSTRAINT "user_sessions_user_id_id_key" UNIQUE("user_id","id")
);
--> statement-breakpoint
ALTER TABLE "user_sessions" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "api_tokens" ADD CONSTRAINT "api_tokens_organization_id_organizations_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "api_tokens" ADD CONSTRAINT "api_tokens_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "api_tokens" ADD CONSTRAINT "api_tokens_created_by_users_id_fk" FOREIGN KEY ("created_by") REFERENCES "public"."users"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "login_history" ADD CONSTRAINT "login_history_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "magic_links" ADD CONSTRAINT "magic_links_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "user_sessions" ADD CONSTRAINT "user_sessions_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "idx_api_tokens_org" ON "api_tokens" USING btree ("organization_id");--> statement-breakpoint
CREATE INDEX "idx_api_tokens_user" ON "api_tokens" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "idx_api_tokens_created_by" ON "api_tokens" USING btree ("created_by");--> statement-breakpoint
CREATE INDEX "idx_api_tokens_hash" ON "api_tokens" USING btree ("token_hash") WHERE "api_tokens"."revoked_at" is null;--> statement-breakpoint
CREATE INDEX "idx_api_tokens_expires_at" ON "api_tokens" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "idx_login_history_user" ON "login_history" USING btree ("user_id","created_at" DESC NULLS LAST,"id" DESC NULLS LAST);--> statement-breakpoint
CREATE INDEX "idx_login_history_created_at" ON "login_history" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "idx_magic_links_token" ON "magic_links" USING btree ("token_hash") WHERE "magic_links"."used_at" is null;--> statement-breakpoint
CREATE INDEX "idx_magic_links_cleanup" ON "magic_links" USING btree ("expires_at") WHERE "magic_links"."used_at" is null;--> statement-breakpoint
CREATE INDEX "idx_magic_links_expires_at" ON "magic_links" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "idx_magic_links_user_session" ON "magic_links" USING btree ("user_id","session_id");--> statement-breakpoint
CREATE INDEX "idx_user_sessions_user_id" ON "user_sessions" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "idx_user_sessions_active" ON "user_sessions" USING btree ("user_id","expires_at") WHERE "user_sessions"."revoked_at" is null;--> statement-breakpoint
CREATE INDEX "idx_user_sessions_expires_at" ON "user_sessions" USING btree ("expires_at");--> statement-breakpoint
CREATE POLICY "api_tokens_member_select" ON "api_tokens" AS PERMISSIVE FOR SELECT TO "gatehouse_member" USING ("api_tokens"."user_id" = (select gatehouse.uid()) or "api_tokens"."organization_id" = (select gatehouse.organization_id()));--> statement-breakpoint
CREATE POLICY "api_tokens_system" ON "api_tokens" AS PERMISSIVE FOR ALL TO "gatehouse_system" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "login_history_member_select" ON "login_history" AS PERMISSIVE FOR SELECT TO "gatehouse_member" USING ("login_history"."user_id" = (select gatehouse.uid()));--> statement-breakpoint
CREATE POLICY "login_history_system" ON "login_history" AS PERMISSIVE FOR ALL TO "gatehouse_system" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "magic_links_system" ON "magic_links" AS PERMISSIVE FOR ALL TO "gatehouse_system" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "user_sessions_member_select" ON "user_sessions" AS PERMISSIVE FOR SELECT TO "gatehouse_member" USING ("user_sessions"."user_id" = (select gatehouse.uid()));--> statement-breakpoint
CREATE POLICY "user_sessions_member_update" ON "user_sessions" AS PERMISSIVE FOR UPDATE TO "gatehouse_member" USING ("user_sessions"."user_id" = (select gatehouse.uid())) WITH CHECK ("user_sessions"."user_id" = (select gatehouse.uid()) and "user_sessions"."revoked_at" is not null);--> statement-breakpoint
CREATE POLICY "user_sessions_system" ON "user_sessions" AS PERMISSIVE FOR ALL TO "gatehouse_system" USING (true) WITH CHECK (true);