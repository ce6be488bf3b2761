import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { newId } from '../../src/lib/ids.ts';
import { insert, newSession, newToken } from '../support/owner.ts';
import { findBarriers } from './support/accessibility.ts';
import { launchBrowser, newPerson } from './support/browser.ts';
import { askForMail, linkOf, newAddress, readMail, signIn, typeCode, waitForMail } from './support/journey.ts';
import { looks, newVisitor } from './support/looks.ts';
import { addPasskey, plugIn } from './support/passkeys.ts';
import { databaseOwner, type RunningWorker, startPlace } from './support/worker.ts';

let browser: Browser;
let worker: RunningWorker;
const owner = databaseOwner();
const provider = inject('worker').DEMO_ISSUER ?? '';

beforeAll(async () => {
  worker = await startPlace({ SHOPIFY_CLIENT_ID: 'ours', SHOPIFY_CLIENT_SECRET: 'a-secret' });
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await worker?.close();
});

const visitor = (look: string) => newVisitor(browser, worker.url, look);

describe.each(looks)('every page, %s', (look) => {
  it('of signing in keeps nobody out and offends no content policy', async () => {
    const { page, visit, conclude } = await visitor(look);
    const address = newAddress();
    await page.goto('/sign-in');
    await page.getByRole('button', { name: 'Sign in with a passkey' }).waitFor();
    await visit('sign-in');
    await page.getByLabel('E-mail address').fill('ada@localhost');
    await page.getByRole('button', { name: 'Mail me a link' }).click();
    await page.getByText('That is not an e-mail address').waitFor();
    await visit('sign-in-refused');
    await askForMail(page, address);
    await visit('code');
    const { code, link } = await readMail(worker.url, address);
    await typeCode(page, code === '000000' ? '111111' : '000000');
    await page.getByText('That code is not right').waitFor();
    await visit('code-refused');
    await page.goto(link);
    await visit('link');
    await page.getByRole('button', { name: 'Finish signing in' }).click();
    await page.waitForURL('**/account');
    await page.goto('/dev/mailbox');
    await visit('mailbox');
    await page.goto('/nothing');
    await visit('not-found');
    await page.goto('/sign-in?done=session_ended&problem=social_account.email_unverified');
    await visit('sign-in-problem');
    // "No content" leaves the page where it is.
    await page.context().route(`${provider}/**`, (route) => route.fulfill({ status: 204 }));
    await page.getByRole('button', { name: 'Continue with Demo' }).click();
    await page.getByRole('link', { name: 'Go on to Demo' }).waitFor();
    // The link is there before the style sheet is.
    await page.waitForFunction(() => getComputedStyle(document.body).backgroundColor !== 'rgba(0, 0, 0, 0)');
    await visit('one-moment');
    await conclude();
  });

  it('of an account keeps nobody out and offends no content policy', async () => {
    const { page, visit, conclude } = await visitor(look);
    const device = await plugIn(page);
    const address = newAddress();
    await signIn(page, worker.url, address);
    await visit('account-new');
    await page
      .getByLabel('Name')
      .first()
      .fill('A name as long as people have them, and then some more of it-'.repeat(4));
    await page.getByRole('button', { name: 'Save' }).click();
    await page.waitForURL('**/account?done=profile');
    await visit('account-saved');
    await page.getByLabel('Phone').fill('call me');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('A phone number has').waitFor();
    await visit('account-refused');
    await page.goto('/account');
    await addPasskey(page, device);
    await furnish(address);
    await page.reload();
    for (const summary of await page.locator('summary').all()) await summary.click();
    await visit('account');
    await page.getByLabel('What it is for').fill('Nightly backup');
    await page.getByRole('button', { name: 'Create token' }).click();
    await page.getByText('Choose at least one thing').waitFor();
    await visit('token-refused');
    await page.getByLabel('Read the profile.').check();
    await page.getByRole('button', { name: 'Create token' }).click();
    await page.getByRole('heading', { name: 'Copy your new token' }).waitFor();
    await visit('token');
    await conclude();
  });

  it('of connections keeps nobody out and offends no content policy', async () => {
    const { page, visit, conclude } = await visitor(look);
    const address = newAddress();
    await signIn(page, worker.url, address);
    await page.goto('/account/connections?problem=provider.denied');
    await visit('connections-new');
    const [healthy, failing, ended] = await furnishConnections(address);
    await page.goto('/account');
    await visit('account-connections');
    await page.goto('/account/connections?done=connected');
    await visit('connections');
    await page.getByRole('textbox', { name: 'Shopify: Shop' }).fill('my store');
    await page.getByRole('button', { name: 'Connect another Shopify account' }).click();
    await page.getByText('Write it like this').waitFor();
    await visit('connections-refused');
    await page.goto(`/account/connections/${healthy}?done=refreshed`);
    await page.getByText('Disconnect…').click();
    await visit('connection');
    await page.goto(`/account/connections/${failing}`);
    await visit('connection-failing');
    await page.goto(`/account/connections/${ended}`);
    await page.getByRole('button', { name: 'Connect Shopify (ada.myshopify.com) again' }).waitFor();
    await visit('connection-ended');
    await conclude();
  });

  it('of a proof keeps nobody out and offends no content policy', async () => {
    const { page, visit, conclude } = await visitor(look);
    const device = await plugIn(page);
    const [address, next] = [newAddress(), newAddress()];
    await signIn(page, worker.url, address);
    await addPasskey(page, device);
    await page.getByLabel('New address').fill(next);
    await page.getByRole('button', { name: 'Change address' }).click();
    await page.waitForURL('**/account/email');
    await visit('email-code');
    await page.goto(`/account/email?x#token=${'A'.repeat(43)}`);
    await page.getByRole('button', { name: 'Use this address' }).waitFor();
    await visit('email-link');
    await page.goto('/step-up');
    await page.getByRole('button', { name: 'Use a passkey' }).waitFor();
    await visit('step-up');
    await page.goto(`/step-up?x#token=${'A'.repeat(43)}`);
    await page.getByRole('button', { name: 'It is me' }).waitFor();
    await visit('step-up-link');
    await page.goto('/step-up/code');
    await visit('step-up-code');
    await page.goto('/not-me');
    await visit('not-me-without-link');
    // With a query: the same page with another fragment alone is not loaded anew.
    await page.goto(linkOf(await waitForMail(worker.url, address, /^Passkey added to/)).replace('#', '?x#'));
    await visit('not-me');
    await page.getByRole('button', { name: 'End every session and undo' }).click();
    await page.getByRole('heading', { name: 'Done' }).waitFor();
    await visit('not-me-done');
    await conclude();
  });
});

/** Gives an account all that its page can show. */
async function furnish(email: string): Promise<void> {
  const [{ id = '' } = {}] = await owner.query<{ id?: string }>('select id from users where email = $1', [email]);
  const subject = newId();
  const issuer = 'https://github.com';
  const linked = { provider: 'github', issuer, provider_user_id: subject, provider_name: 'Ada Lovelace' };
  await insert(owner, 'oauth_accounts', { id: newId(), user_id: id, ...linked, provider_email: email });
  await newSession(owner, id, { device_name: 'Safari on iPhone', device_type: 'mobile', ip_address: '2001:db8::7' });
  const scopes = JSON.stringify(['profile:read', 'sessions:read']);
  await newToken(owner, { kind: 'personal', user_id: id, name: 'Command line', scopes });
  const rotated_at = new Date().toISOString();
  await newToken(owner, { kind: 'personal', user_id: id, name: 'Command line', scopes, rotated_at });
  const failed = { event_type: 'login_failed', success: false, failure_reason: 'code.invalid' };
  await insert(owner, 'login_history', { id: newId(), user_id: id, auth_method: 'magic_link', ...failed });
}

/** Gives somebody connections in every state. @returns the ids of one that works, one that fails, and one that ended */
async function furnishConnections(email: string): Promise<[string, string, string]> {
  const [{ id: user_id = '' } = {}] = await owner.query<{ id?: string }>('select id from users where email = $1', [
    email,
  ]);
  const at = new Date().toISOString();
  const connect = async (connector_id: string, account: object, columns: object) => {
    const id = newId();
    const connector_metadata = JSON.stringify({ [connector_id]: account });
    const vault = { access_token: 'x', connector_metadata, account_id: `at-${connector_id}-${id}`, ...columns };
    await insert(owner, 'oauth_connections', { id, user_id, connector_id, ...vault });
    return id;
  };
  const note = (connection_id: string, event: string, given: object) => {
    const evidence = JSON.stringify(given);
    return insert(owner, 'connection_events', {
      id: newId(),
      connection_id,
      user_id,
      connector_id: 'demo',
      event,
      evidence,
    });
  };
  const scopes = 'openid email profile offline_access calendar.read files.read';
  const used = { last_used_at: at, last_refresh_at: at, expires_at: at, next_refresh_at: at };
  const healthy = await connect('demo', { email }, { scopes: scopes.replace(' files.read', ''), ...used });
  const failure = { class: 'transient', code: 'http_503', status: 503, at };
  const failed = { failing_since: at, failure_count: 12, last_failure: JSON.stringify(failure) };
  const failing = await connect('demo', { email: `${'long'.repeat(20)}@example.com` }, { scopes, ...used, ...failed });
  const ended = await connect(
    'shopify',
    { shop_domain: 'ada.myshopify.com' },
    { scopes: 'read_orders', status: 'revoked' },
  );
  await note(healthy, 'connected', { scopes });
  await note(failing, 'connected', { scopes });
  await note(failing, 'token_read', {});
  await note(failing, 'refresh_failed', failure);
  await note(ended, 'needs_reauthorization', { class: 'permanent', code: 'invalid_grant', status: 400 });
  return [healthy, failing, ended];
}

describe('the checks themselves', () => {
  it('see a policy violation, a missing label, a second heading and pale text', async () => {
    const { page, context, complaints } = await newPerson(browser, worker.url);
    await page.goto('/sign-in');
    await page
      .evaluate(() => {
        const script = document.createElement('script');
        script.src = 'https://evil.example/x.js';
        document.head.appendChild(script);
      })
      .catch(() => undefined);
    await page.evaluate(() => {
      const image = new Image();
      image.src = 'https://evil.example/x.png';
      document.querySelector('label')?.remove();
      document.querySelector('main')?.appendChild(document.createElement('h1'));
      document.querySelector('main')?.appendChild(document.createTextNode('pale'));
      document.querySelector('main')?.style.setProperty('color', '#ccc');
    });
    const barriers = (await findBarriers(page)).join(' ');
    expect(barriers).toContain('The field "email" has no label.');
    expect(barriers).toContain('2 headings of level 1');
    expect(barriers).toMatch(/"pale" has a contrast of 1\.\d\d/);
    expect(complaints.join(' ')).toContain('Content Security Policy');
    await context.close();
  });
});
