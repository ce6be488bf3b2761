drop trigger organizations_updated on organizations;
--> statement-breakpoint
drop trigger users_updated on users;
--> statement-breakpoint
alter table magic_links drop constraint magic_links_session_fkey;
--> statement-breakpoint
revoke all on users, organizations, memberships, user_sessions, login_history, magic_links, api_tokens, outbox
  from gatehouse_member, gatehouse_admin, gatehouse_system;
