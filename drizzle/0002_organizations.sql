CREATE TABLE "memberships" (
	"organization_id" uuid NOT NULL,
	"user_id" text NOT NULL,
	"role" varchar(20) DEFAULT 'member' NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "memberships_organization_id_user_id_pk" PRIMARY KEY("organization_id","user_id"),
	CONSTRAINT "memberships_role" CHECK ("memberships"."role" in ('owner', 'admin', 'member'))
);
--> statement-breakpoint
ALTER TABLE "memberships" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "organizations" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"name" varchar(255) NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "organizations" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "memberships" ADD CONSTRAINT "memberships_organization_id_organizations_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "memberships" ADD CONSTRAINT "memberships_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "memberships_user_id_idx" ON "memberships" USING btree ("user_id");--> statement-breakpoint
CREATE POLICY "memberships_member_select" ON "memberships" AS PERMISSIVE FOR SELECT TO "gatehouse_member" USING ("memberships"."user_id" = (select gatehouse.uid()) or "memberships"."organization_id" = (select gatehouse.organization_id()));--> statement-breakpoint
CREATE POLICY "memberships_system" ON "memberships" AS PERMISSIVE FOR ALL TO "gatehouse_system" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "organizations_member_select" ON "organizations" AS PERMISSIVE FOR SELECT TO "gatehouse_member" USING ("organizations"."id" = (select gatehouse.organization_id()));--> statement-breakpoint
CREATE POLICY "organizations_system" ON "organizations" AS PERMISSIVE FOR ALL TO "gatehouse_system" USING (true) WITH CHECK (true);