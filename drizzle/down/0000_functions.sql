drop function public.cleanup_expired_sessions();
--> statement-breakpoint
drop function gatehouse.cleanup_batch(text, integer);
--> statement-breakpoint
drop function public.update_updated_at();
--> statement-breakpoint
drop function gatehouse.uid();
--> statement-breakpoint
drop function gatehouse.touch();
--> statement-breakpoint
drop function gatehouse.organization_id();
--> statement-breakpoint
drop function gatehouse.note_use();
--> statement-breakpoint
drop function gatehouse.newest_migration();
--> statement-breakpoint
drop function gatehouse.membership_role(uuid, text);
--> statement-breakpoint
drop function gatehouse.find_credential(text, text);
--> statement-breakpoint
drop function gatehouse.enter_system(integer);
--> statement-breakpoint
drop function gatehouse.enter_subject(jsonb, jsonb);
--> statement-breakpoint
drop function gatehouse.enter(text, jsonb);
--> statement-breakpoint
drop function gatehouse.actor_user_id();
--> statement-breakpoint
drop function gatehouse.actor_kind();
--> statement-breakpoint
drop function gatehouse.actor_id();
--> statement-breakpoint
drop function gatehouse.verify_magic_link(text, text, jsonb);
--> statement-breakpoint
drop function gatehouse.verify_magic_code(uuid, text, text[], jsonb);
--> statement-breakpoint
drop function gatehouse.request_magic_link(jsonb);
--> statement-breakpoint
drop function gatehouse.redeem_magic_link(uuid, jsonb);
--> statement-breakpoint
drop function gatehouse.record_login(text, text, text, jsonb);
--> statement-breakpoint
drop function gatehouse.end_session(jsonb);
--> statement-breakpoint
drop function gatehouse.current_session();
--> statement-breakpoint
drop function gatehouse.create_session(text, jsonb);
