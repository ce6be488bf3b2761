drop table "memberships";
--> statement-breakpoint
drop table "organizations";
