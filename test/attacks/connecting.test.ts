import { describe, expect, it } from 'vitest';
import { beginConnect, getToken, issuer, newDue, vaultRow } from '../support/connections.ts';
import { newAccount, redemptionsOf, signInAt } from '../support/oidc-provider.ts';
import { insert, newOrganization, newPerson } from '../support/owner.ts';
import { comeBack, newBrowser } from '../support/social.ts';
import { owner } from '../support/worker.ts';

describe('an account at a provider', () => {
  it('CVE-2026-45337: is attached to whoever began, not to whom the address was sent', async () => {
    const mallory = newBrowser({ token: (await newPerson(owner)).token });
    const account = newAccount();
    const address = await signInAt(await beginConnect(mallory), account);
    const victim = await newPerson(owner);
    const browser = newBrowser({ token: victim.token });
    expect(await comeBack(browser, address)).toContain('oauth_state.other_browser');
    // Even if she could give him her cookie.
    browser.cookies.set('gatehouse_sign_in', mallory.cookies.get('gatehouse_sign_in') ?? '');
    expect(await comeBack(browser, address)).toContain('oauth_state.other_browser');
    expect(await owner.query('select from oauth_connections where account_id = $1', [account.subject])).toEqual([]);
  });

  it('is not attached to an organisation that its connecting did not begin for', async () => {
    const hers = await newOrganization(owner);
    const outsider = await newPerson(owner);
    const browser = newBrowser({ token: outsider.token });
    const address = await signInAt(await beginConnect(browser), newAccount());
    await insert(owner, 'memberships', { organization_id: hers, user_id: outsider.userId, role: 'admin' });
    await comeBack(browser, `${address}&organizationId=${hers}&organization_id=${hers}`);
    const rows = await owner.query('select user_id, organization_id from oauth_connections where created_by = $1', [
      outsider.userId,
    ]);
    expect(rows).toEqual([{ user_id: outsider.userId, organization_id: null }]);
  });
});

describe('a refresh token of a provider', () => {
  it('GHSA-392p-2q2v-4372: that many want to use at once is used once, and starts one family', async () => {
    const { person, id, grant } = await newDue();
    const answers = await Promise.all(Array.from({ length: 12 }, () => getToken(person)));
    expect(new Set(answers.map(({ data }) => data.accessToken)).size).toBe(1);
    expect(await redemptionsOf(issuer, grant.refreshToken)).toMatchObject({ succeeded: 1, failed: 0 });
    expect(await vaultRow(id)).toMatchObject({ version: '2', status: 'active' });
  });
});
