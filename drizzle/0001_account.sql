CREATE TABLE "users" (
	"id" text PRIMARY KEY NOT NULL,
	"email" varchar(255),
	"email_verified_at" timestamp with time zone,
	"display_name" varchar(255),
	"avatar_url" text,
	"bio" text,
	"position" varchar(255),
	"role" varchar(100),
	"platform_role" varchar(20) DEFAULT 'user' NOT NULL,
	"phone_number" varchar(50),
	"time_zone" varchar(100),
	"webauthn_handle" "bytea",
	"suspended_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "users_webauthn_handle_unique" UNIQUE("webauthn_handle"),
	CONSTRAINT "users_platform_role" CHECK ("users"."platform_role" in ('user', 'admin'))
);
--> statement-breakpoint
ALTER TABLE "users" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE UNIQUE INDEX "users_email_key" ON "users" USING btree (lower("email"));--> statement-breakpoint
CREATE POLICY "users_member_select" ON "users" AS PERMISSIVE FOR SELECT TO "gatehouse_member" USING ("users"."id" = (select gatehouse.uid()));--> statement-breakpoint
CREATE POLICY "users_member_update" ON "users" AS PERMISSIVE FOR UPDATE TO "gatehouse_member" USING ("users"."id" = (select gatehouse.uid())) WITH CHECK ("users"."id" = (select gatehouse.uid()));--> statement-breakpoint
CREATE POLICY "users_admin_select" ON "users" AS PERMISSIVE FOR SELECT TO "gatehouse_admin" USING (true);--> statement-breakpoint
CREATE POLICY "users_system" ON "users" AS PERMISSIVE FOR ALL TO "gatehouse_system" USING (true) WITH CHECK (true);