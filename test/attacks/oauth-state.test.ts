import { describe, expect, it } from 'vitest';
import { newPerson } from '../support/owner.ts';
import { newAccount, signInAt } from '../support/oidc-provider.ts';
import { owner, workerEnv } from '../support/worker.ts';
import { beginLink, beginSignIn, comeBack, listOf, refusal, userOf, whoIs } from './support.ts';

/** A second provider. Its flow begins without a call to it; none of these tests comes as far as one. */
const google = { ...workerEnv, GOOGLE_CLIENT_ID: 'client', GOOGLE_CLIENT_SECRET: 'secret' };

describe('a state', () => {
  it('GHSA-wxw3-q3m9-c3jr: of the attacker’s browser signs no other browser in', async () => {
    const attacker = newAccount();
    const attackers = await beginSignIn();
    const address = await signInAt(attackers.authorizationUrl, attacker);
    const victims = await beginSignIn();
    for (const cookie of [victims.cookie, '', `gatehouse_sign_in=${'A'.repeat(43)}`]) {
      const { location, session } = await comeBack(address, cookie);
      expect([location, session]).toEqual([refusal('oauth_state.other_browser'), '']);
    }
    // It is not used up by that: its own browser goes on.
    expect((await comeBack(address, attackers.cookie)).session).not.toBe('');
  });

  it('GHSA-wxw3-q3m9-c3jr: of the victim’s browser does not take the attacker’s code', async () => {
    const attacker = newAccount();
    const attackers = await beginSignIn();
    const address = new URL(await signInAt(attackers.authorizationUrl, attacker));
    const victims = await beginSignIn();
    address.searchParams.set('state', victims.state);
    // Here it is PKCE that refuses: the provider sees a verifier of another sign-in.
    const { location, session } = await comeBack(address.href, victims.cookie);
    expect([location, session]).toEqual([refusal('provider.refused'), '']);
    expect(await userOf(attacker.email)).toBeUndefined();
    const again = await beginSignIn();
    expect((await comeBack(await signInAt(again.authorizationUrl, attacker), again.cookie)).session).not.toBe('');
  });

  it('GHSA-wxw3-q3m9-c3jr: of one sign-in does not take the code of another in the same browser', async () => {
    const account = newAccount();
    const first = await beginSignIn();
    const second = await beginSignIn({ cookie: first.cookie });
    expect(second.cookie).toBe(first.cookie);
    const address = new URL(await signInAt(first.authorizationUrl, account));
    const own = address.href;
    address.searchParams.set('state', second.state);
    expect((await comeBack(address.href, first.cookie)).location).toBe(refusal('provider.refused'));
    // The provider takes a code that was tried with a wrong verifier for stolen; so another one, of the first state.
    expect(own).toContain(first.state);
    expect((await comeBack(await signInAt(first.authorizationUrl, account), first.cookie)).session).not.toBe('');
  });

  it('GHSA-wxw3-q3m9-c3jr: of the attacker’s link adds nothing to the victim’s account', async () => {
    const [attacker, victim] = [await newPerson(owner), await newPerson(owner)];
    const begun = await beginLink(attacker.token);
    const address = await signInAt(begun.authorizationUrl, newAccount());
    // Even where the attacker could set the victim's cookie.
    const { location } = await comeBack(address, `${begun.cookie}; gatehouse_session=${victim.token}`);
    expect(location).toBe('/account?problem=oauth_state.other_browser');
    expect(await listOf(victim, 'auth.listSocialAccounts')).toEqual([]);
    const again = await beginLink(victim.token);
    const cookies = `${again.cookie}; gatehouse_session=${victim.token}`;
    expect((await comeBack(await signInAt(again.authorizationUrl, newAccount()), cookies)).location).not.toContain(
      'problem',
    );
  });

  it('CVE-2026-73419: of one provider is not taken for another’s', async () => {
    const account = newAccount();
    const begun = await beginSignIn();
    const address = new URL(await signInAt(begun.authorizationUrl, account));
    const elsewhere = `/oauth/callback/google${address.search}`;
    expect((await comeBack(elsewhere, begun.cookie, google)).location).toBe(refusal('oauth_state.invalid'));
    const ofGoogle = await beginSignIn({ input: { provider: 'google' }, settings: google, cookie: begun.cookie });
    expect(new URL(ofGoogle.authorizationUrl).origin).toBe('https://accounts.google.com');
    const mixed = new URL(address);
    mixed.searchParams.set('state', ofGoogle.state);
    expect((await comeBack(mixed.href, ofGoogle.cookie)).location).toBe(refusal('oauth_state.invalid'));
    expect((await whoIs((await comeBack(address.href, begun.cookie)).session)).data).toMatchObject({
      email: account.email,
    });
  });

  it('CVE-2026-81888: that is left out, empty or there twice is a wrong one', async () => {
    const account = newAccount();
    const begun = await beginSignIn();
    const right = await signInAt(begun.authorizationUrl, account);
    const edits: ((params: URLSearchParams) => void)[] = [
      (params) => params.delete('state'),
      (params) => params.set('state', ''),
      (params) => params.set('state', 'undefined'),
      (params) => params.append('state', 'x'),
      (params) => params.append('state', begun.state),
    ];
    for (const edit of edits) {
      const address = new URL(right);
      edit(address.searchParams);
      for (const cookie of [begun.cookie, '']) {
        const { location, session } = await comeBack(address.href, cookie);
        expect([location, session], address.search).toEqual([refusal('provider.answer_invalid'), '']);
      }
    }
    expect((await comeBack(right, begun.cookie)).session).not.toBe('');
  });

  it('CVE-2026-81888: that is left out links nothing to whoever is signed in', async () => {
    const victim = await newPerson(owner);
    const begun = await beginLink(victim.token);
    const address = new URL(await signInAt(begun.authorizationUrl, newAccount()));
    const own = address.href;
    address.searchParams.delete('state');
    const cookies = `${begun.cookie}; gatehouse_session=${victim.token}`;
    const linked = () => listOf(victim, 'auth.listSocialAccounts');
    expect((await comeBack(address.href, cookies)).location).toContain('problem=');
    expect(await linked()).toEqual([]);
    expect((await comeBack(own, cookies)).location).not.toContain('problem=');
    expect(await linked()).toHaveLength(1);
  });
});
