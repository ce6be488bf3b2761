drop table "magic_links";
--> statement-breakpoint
drop table "login_history";
--> statement-breakpoint
drop table "user_sessions";
--> statement-breakpoint
drop table "api_tokens";
