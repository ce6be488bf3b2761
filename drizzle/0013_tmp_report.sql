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
ALTER TABLE "security_alerts" ADD COLUMN "email" varchar(255);--> statement-breakpoint
ALTER TABLE "security_alerts" ADD COLUMN "email_since" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "security_alerts" ADD COLUMN "report" jsonb;--> statement-breakpoint
ALTER TABLE "user_sessions" ADD COLUMN "credential_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "email_changes" ADD CONSTRAINT "email_changes_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "email_changes_user_id_idx" ON "email_changes" USING btree ("user_id","created_at");--> statement-breakpoint
CREATE INDEX "email_changes_previous_email_idx" ON "email_changes" USING btree (lower("previous_email"));--> statement-breakpoint
CREATE INDEX "email_changes_created_at_idx" ON "email_changes" USING btree ("created_at");--> statement-breakpoint
CREATE POLICY "email_changes_system" ON "email_changes" AS PERMISSIVE FOR ALL TO "gatehouse_system" USING (true) WITH CHECK (true);
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
