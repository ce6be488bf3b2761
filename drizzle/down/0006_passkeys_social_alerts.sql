-- Undoes 0006_passkeys_social_alerts.
DROP POLICY "api_tokens_admin_select" ON "api_tokens" CASCADE;
--> statement-breakpoint
DROP POLICY "oauth_accounts_member_select" ON "oauth_accounts" CASCADE;
--> statement-breakpoint
DROP POLICY "oauth_accounts_system" ON "oauth_accounts" CASCADE;
--> statement-breakpoint
DROP TABLE "oauth_accounts" CASCADE;
--> statement-breakpoint
DROP POLICY "passkeys_member_select" ON "passkeys" CASCADE;
--> statement-breakpoint
DROP POLICY "passkeys_member_update" ON "passkeys" CASCADE;
--> statement-breakpoint
DROP POLICY "passkeys_system" ON "passkeys" CASCADE;
--> statement-breakpoint
DROP TABLE "passkeys" CASCADE;
--> statement-breakpoint
DROP POLICY "oauth_states_system" ON "oauth_states" CASCADE;
--> statement-breakpoint
DROP TABLE "oauth_states" CASCADE;
--> statement-breakpoint
DROP POLICY "security_alerts_system" ON "security_alerts" CASCADE;
--> statement-breakpoint
DROP TABLE "security_alerts" CASCADE;
--> statement-breakpoint
DROP POLICY "spent_challenges_system" ON "spent_challenges" CASCADE;
--> statement-breakpoint
DROP TABLE "spent_challenges" CASCADE;
--> statement-breakpoint
DROP POLICY "known_devices_system" ON "known_devices" CASCADE;
--> statement-breakpoint
DROP TABLE "known_devices" CASCADE;
--> statement-breakpoint
ALTER TABLE "magic_links" DROP CONSTRAINT "magic_links_purpose";
--> statement-breakpoint
DROP INDEX "idx_api_tokens_service";
--> statement-breakpoint
ALTER TABLE "api_tokens" DROP COLUMN "rotated_at";
--> statement-breakpoint
ALTER TABLE "magic_links" DROP COLUMN "purpose";
--> statement-breakpoint
ALTER TABLE "user_sessions" DROP COLUMN "profile";
--> statement-breakpoint
CREATE POLICY "user_sessions_member_update" ON "user_sessions" AS PERMISSIVE FOR UPDATE TO "gatehouse_member" USING ("user_sessions"."user_id" = (select gatehouse.uid())) WITH CHECK ("user_sessions"."user_id" = (select gatehouse.uid()) and "user_sessions"."revoked_at" is not null);
--> statement-breakpoint
grant update (revoked_at) on user_sessions to gatehouse_member;
--> statement-breakpoint
revoke select (id, kind, name, token_prefix, scopes, last_used_at, expires_at, revoked_at, created_by, created_at)
  on api_tokens from gatehouse_admin;
--> statement-breakpoint
revoke update (revoked_at) on api_tokens from gatehouse_system;
