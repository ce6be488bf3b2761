-- Undoes 0015_tmp_b_claims. The dates go with their column, in 0013.
drop trigger user_integrations_judge_claim on user_integrations;
--> statement-breakpoint
revoke select (verified_at) on user_integrations from gatehouse_member;
