import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Provider } from 'oidc-provider';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Account,
  connectorSettings,
  type OidcProvider,
  startOidcProvider,
} from '../../scripts/support/oidc-provider.ts';
import { launchBrowser, newPerson } from './support/browser.ts';
import { newAddress, signIn, signOut } from './support/journey.ts';
import { ageSessions, databaseOwner, type RunningWorker, startPlace } from './support/worker.ts';

/** The people of the provider's page; each test has its own. */
const people = Object.fromEntries(
  ['Ada', 'Grace', 'Edith', 'Hedy', 'Joan', 'Mary'].map((name) => [name, account(name, true)]),
);
const mallory = account('Mallory', false);

function account(name: string, isEmailVerified: boolean): Account {
  return { subject: `${name}-${randomBytes(6).toString('hex')}`, email: newAddress(), isEmailVerified, name };
}

let provider: OidcProvider;
let company: Server;
let worker: RunningWorker;
let browser: Browser;
const owner = databaseOwner();

beforeAll(async () => {
  company = createServer((request, response) => {
    const back = new URL(request.url ?? '', provider.issuer);
    response.writeHead(302, { location: back.href }).end();
  });
  await new Promise<void>((done) => company.listen(0, '127.0.0.1', done));
  provider = await startOidcProvider({
    redirectUris: ['http://localhost:8787/oauth/callback/demo'],
    accounts: [...Object.values(people), mallory],
    extend: (server) => server.use(throughCompany),
  });
  worker = await startPlace(connectorSettings(provider));
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await worker?.close();
  await provider?.close();
  company?.close();
});

/**
 * Sends everybody to a company's sign-in first, which is on another host, as Google and Microsoft do for the people of a
 * company: nobody can list such hosts in `form-action`.
 */
const throughCompany: Parameters<Provider['use']>[0] = async (ctx, next) => {
  if (ctx.path !== '/auth' || ctx.query['seen'] === 'yes') return next();
  const { port } = company.address() as AddressInfo;
  ctx.redirect(`http://127.0.0.1:${port}${ctx.url}&seen=yes`);
};

const emailOf = (name: string) => people[name]?.email ?? '';
const pathOf = (page: Page) => new URL(page.url()).pathname + new URL(page.url()).search;

/** Chooses somebody on the provider's own page. */
async function choose(page: Page, name: string): Promise<void> {
  await page.getByRole('heading', { name: 'Demo provider' }).waitFor();
  expect(new URL(page.url()).origin).toBe(provider.issuer);
  await page.getByRole('button', { name: new RegExp(`^${name}`) }).click();
}

describe('signing in with a provider', () => {
  it('makes an account for an address that the provider vouches for, and knows it the next time', async () => {
    const { page, context, complaints } = await newPerson(browser, worker.url);
    await page.goto('/sign-in?redirect_url=/account?done=profile');
    await page.getByRole('button', { name: 'Continue with Demo' }).click();
    await choose(page, 'Ada');
    await page.waitForURL(`${worker.url}/account?done=profile`);
    expect(await page.getByText(`Signed in as ${emailOf('Ada')}`).isVisible()).toBe(true);
    const linked = page.getByRole('region', { name: 'Linked accounts' });
    expect(await linked.getByRole('listitem').innerText()).toContain(`Ada · ${emailOf('Ada')}`);
    expect(await page.getByRole('heading', { name: 'Signed in by a linked account' }).count()).toBe(1);
    await signOut(page);
    await page.getByRole('button', { name: 'Continue with Demo' }).click();
    await choose(page, 'Ada');
    await page.waitForURL(`${worker.url}/account`);
    expect(await page.getByText(`Signed in as ${emailOf('Ada')}`).isVisible()).toBe(true);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('works without JavaScript, and the page in between is not gone back to', async () => {
    const { page, context } = await newPerson(browser, worker.url, { javaScriptEnabled: false });
    await page.goto('/sign-in');
    await page.getByRole('button', { name: 'Continue with Demo' }).click();
    await choose(page, 'Grace');
    await page.waitForURL(`${worker.url}/account`);
    await page.goBack();
    await page.goBack();
    expect(pathOf(page)).toBe('/sign-in');
    await context.close();
  });

  it('joins an account that has the same address, once both sides have verified it', async () => {
    const { page, context } = await newPerson(browser, worker.url);
    await signIn(page, worker.url, emailOf('Edith'));
    await page.getByLabel('Name').first().fill('Edith as she wrote it');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.waitForURL('**/account?done=profile');
    await signOut(page);
    await page.getByRole('button', { name: 'Continue with Demo' }).click();
    await choose(page, 'Edith');
    await page.waitForURL(`${worker.url}/account`);
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('Hello, Edith as she wrote it');
    await context.close();
  });

  it('with an address that the provider does not vouch for is refused in words', async () => {
    const { page, context } = await newPerson(browser, worker.url);
    await page.goto('/sign-in');
    await page.getByRole('button', { name: 'Continue with Demo' }).click();
    await choose(page, 'Mallory');
    await page.waitForURL('**/sign-in?problem=social_account.email_unverified');
    const alert = page.getByRole('alert').getByText('The provider does not vouch for your address.');
    expect(await alert.isVisible()).toBe(true);
    expect(await alert.evaluate((element) => element === document.activeElement)).toBe(true);
    expect(await context.cookies()).not.toContainEqual(expect.objectContaining({ name: 'gatehouse_session' }));
    expect(await owner.query('select 1 from users where email = $1', [mallory.email])).toEqual([]);
    await context.close();
  });

  it('that is cancelled there comes back in words, and can be begun again', async () => {
    const { page, context } = await newPerson(browser, worker.url);
    await page.goto('/sign-in');
    await page.getByRole('button', { name: 'Continue with Demo' }).click();
    await choose(page, 'Cancel');
    await page.waitForURL('**/sign-in?problem=provider.denied');
    await page.getByRole('alert').getByText('The provider says that the sign-in was cancelled.').waitFor();
    await page.getByRole('button', { name: 'Continue with Demo' }).click();
    await choose(page, 'Hedy');
    await page.waitForURL(`${worker.url}/account`);
    await context.close();
  });

  it('is worth nothing when its address is opened in another browser, or a second time', async () => {
    const { page, context } = await newPerson(browser, worker.url);
    const other = await newPerson(browser, worker.url);
    await page.goto('/sign-in');
    await page.getByRole('button', { name: 'Continue with Demo' }).click();
    const way = page.waitForRequest((request) => request.url().includes('/oauth/callback/demo'));
    await choose(page, 'Joan');
    const back = (await way).url();
    await page.waitForURL(`${worker.url}/account`);
    await other.page.goto(back);
    expect(pathOf(other.page)).toBe('/sign-in?problem=oauth_state.other_browser');
    await other.page.getByRole('alert').getByText('That sign-in was begun in another browser.').waitFor();
    expect(await other.context.cookies()).toEqual([]);
    await page.goto(back);
    expect(pathOf(page)).toContain('problem=oauth_state.');
    await context.close();
    await other.context.close();
  });
});

describe('linking an account', () => {
  it('takes any address, signs in from then on, and can be undone', async () => {
    const { page, context, complaints } = await newPerson(browser, worker.url);
    const address = newAddress();
    await signIn(page, worker.url, address);
    const linked = page.getByRole('region', { name: 'Linked accounts' });
    await linked.getByRole('button', { name: 'Link Demo' }).click();
    await choose(page, 'Mary');
    await page.waitForURL(`${worker.url}/account?done=linked`);
    expect(await page.getByRole('status').innerText()).toContain('The account is linked.');
    await signOut(page);
    await page.getByRole('button', { name: 'Continue with Demo' }).click();
    await choose(page, 'Mary');
    await page.waitForURL(`${worker.url}/account`);
    expect(await page.getByText(`Signed in as ${address}`).isVisible()).toBe(true);
    await linked.getByRole('button', { name: 'Unlink Demo' }).click();
    await page.waitForURL('**/account?done=unlinked');
    expect(await linked.getByRole('listitem').count()).toBe(0);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('that somebody else has is refused beside the list', async () => {
    const first = await newPerson(browser, worker.url);
    await first.page.goto('/sign-in');
    await first.page.getByRole('button', { name: 'Continue with Demo' }).click();
    await choose(first.page, 'Hedy');
    await first.page.waitForURL(`${worker.url}/account`);
    const second = await newPerson(browser, worker.url);
    await signIn(second.page, worker.url, newAddress());
    await second.page.getByRole('button', { name: 'Link Demo' }).click();
    await choose(second.page, 'Hedy');
    await second.page.waitForURL('**/account?problem=social_account.linked_elsewhere');
    const linked = second.page.getByRole('region', { name: 'Linked accounts' });
    await linked.getByRole('alert').getByText('linked to somebody else here').waitFor();
    expect(await linked.getByRole('listitem').count()).toBe(0);
    await first.context.close();
    await second.context.close();
  });

  it('asks for a new proof an hour after signing in', async () => {
    const { page, context } = await newPerson(browser, worker.url);
    const address = newAddress();
    await signIn(page, worker.url, address);
    await ageSessions(owner, address);
    await page.getByRole('button', { name: 'Link Demo' }).click();
    await page.waitForURL('**/step-up?redirect_url=/account');
    await context.close();
  });
});
