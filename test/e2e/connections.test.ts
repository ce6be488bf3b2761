import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { newPerson } from './support/browser.ts';
import { emailOf, newcomer, type ProviderPlace, startProviderPlace, subjectOf } from './support/provider-place.ts';
import { databaseOwner, type RunningWorker } from './support/worker.ts';

const LIST = '/account/connections';

let place: ProviderPlace;
let worker: RunningWorker;
const owner = databaseOwner();

beforeAll(async () => {
  place = await startProviderPlace();
  ({ worker } = place);
});
afterAll(async () => place?.close());

const choose = (page: Page, name: string, refused?: readonly string[]) => place.choose(page, name, refused);
const pathOf = (page: Page) => new URL(page.url()).pathname + new URL(page.url()).search;
const badge = (page: Page, text: string) => page.getByRole('heading').getByText(text, { exact: true });
const connected = (page: Page) => page.getByRole('region', { name: 'Connected' }).getByRole('listitem');

/** Somebody new, signed in, on the list of their connections. */
const visitor = (options?: Parameters<typeof newPerson>[2]) =>
  newcomer(place, { link: 'Connect an account', path: LIST, options });

/** Connects an account there, and opens its page. */
async function connect(page: Page, name: string, refused: readonly string[] = []): Promise<void> {
  await page.getByRole('button', { name: /^Connect (another )?Demo/ }).click();
  await choose(page, name, refused);
  await page.waitForURL(`${worker.url}${LIST}?done=connected`);
  await page.getByRole('link', { name: `Demo : ${emailOf(name)}` }).click();
  await page.getByRole('heading', { level: 1, name: 'Demo' }).waitFor();
}

/** As if the last refresh were an hour ago: within half a minute there is no other. */
async function age(name: string): Promise<void> {
  await owner.query(
    `update oauth_connections set granted_at = granted_at - interval '1 hour',
       last_refresh_at = last_refresh_at - interval '1 hour' where account_id = $1`,
    [subjectOf(name)],
  );
}

describe('a connection', () => {
  it('is made, seen, refreshed, explained and ended', async () => {
    const { page, context, complaints } = await visitor();
    await page.getByRole('button', { name: 'Connect Demo' }).click();
    await choose(page, 'Ada');
    await page.waitForURL(`${worker.url}${LIST}?done=connected`);
    expect(await page.getByRole('status').innerText()).toBe('The account is connected.');
    expect(await connected(page).innerText()).toMatch(
      new RegExp(`^Demo.* Healthy\\s+${emailOf('Ada')} · connected`, 's'),
    );
    await page.getByRole('link', { name: 'Demo' }).click();
    expect(await page.getByText('All that is needed was granted.').isVisible()).toBe(true);
    await age('Ada');
    await page.getByRole('button', { name: 'Refresh now' }).click();
    await page.waitForURL('**?done=refreshed');
    expect((await place.provider.grants.of(subjectOf('Ada'))).map(({ succeeded }) => succeeded)).toEqual([1]);
    expect(await page.getByRole('region', { name: 'Evidence' }).innerText()).toContain(subjectOf('Ada'));
    expect(await page.getByRole('region', { name: 'What happened' }).innerText()).toMatch(
      /Connected\s+\d.* in a session/,
    );
    await page.getByText('Disconnect…').click();
    await page.getByText('Demo is told to end the access.').waitFor();
    await page.getByRole('button', { name: `Disconnect Demo (${emailOf('Ada')})` }).click();
    await page.waitForURL(`${worker.url}${LIST}?done=disconnected`);
    expect(await connected(page).count()).toBe(0);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('needs no JavaScript', async () => {
    const { page, context } = await visitor({ javaScriptEnabled: false });
    await connect(page, 'Grace');
    await age('Grace');
    await page.getByRole('button', { name: 'Refresh now' }).click();
    await page.waitForURL('**?done=refreshed');
    await page.getByText('Disconnect…').click();
    await page.getByRole('button', { name: /^Disconnect Demo/ }).click();
    await page.waitForURL(`${worker.url}${LIST}?done=disconnected`);
    await context.close();
  });

  it('that got less than was asked for shows what is missing, and gets it in place', async () => {
    const { page, context } = await visitor();
    await connect(page, 'Edith', ['Read your files']);
    const address = pathOf(page);
    const permissions = page.getByRole('region', { name: 'Permissions' });
    expect(await permissions.innerText()).toMatch(/Missing\s+files\.read\s+Granted\s+.*calendar\.read/);
    await page.getByRole('link', { name: 'Connections' }).click();
    expect(await connected(page).innerText()).toContain('Missing: files.read. Connect again to add it.');
    await connected(page)
      .getByRole('button', { name: /^Connect Demo .* again$/ })
      .click();
    await choose(page, 'Edith');
    await page.waitForURL(`${worker.url}${address}?done=reconnected`);
    expect(await permissions.innerText()).toContain('All that is needed was granted.');
    await context.close();
  });

  it('that is refused at the provider is told on the list, and can be begun again', async () => {
    const { page, context } = await visitor();
    await page.getByRole('button', { name: 'Connect Demo' }).click();
    await choose(page, 'Cancel');
    await page.waitForURL(`${worker.url}${LIST}?problem=provider.denied`);
    const alert = page.getByRole('alert').getByText('The provider says that you cancelled. Nothing has changed.');
    expect(await alert.evaluate((element) => element === document.activeElement)).toBe(true);
    expect(await connected(page).count()).toBe(0);
    await connect(page, 'Hedy');
    await context.close();
  });

  it('connected again with another account stays as it was', async () => {
    const { page, context } = await visitor();
    await connect(page, 'Hedy');
    await page
      .getByRole('button', { name: 'Connect again' })
      .or(page.getByRole('button', { name: /again$/ }))
      .click();
    await choose(page, 'Joan');
    await page.waitForURL(`${worker.url}${LIST}?problem=connection.wrong_account`);
    await page.getByRole('alert').getByText('That is another account than the one connected here.').waitFor();
    expect(await connected(page).allInnerTexts()).toEqual([expect.stringContaining(emailOf('Hedy'))]);
    await context.close();
  });

  it('whose access was ended at the provider says so, and is mended in place', async () => {
    const { page, context, complaints } = await visitor();
    await connect(page, 'Rosa');
    const address = pathOf(page);
    const [grant] = await place.provider.grants.of(subjectOf('Rosa'));
    await place.provider.grants.revoke(grant?.grantId ?? '');
    await age('Rosa');
    await page.getByRole('button', { name: 'Refresh now' }).click();
    await page.getByRole('alert').getByText('The provider no longer takes this connection.').waitFor();
    expect(await badge(page, 'Action needed').isVisible()).toBe(true);
    expect(await page.getByText('Demo said that the access is over. invalid_grant').first().isVisible()).toBe(true);
    await page.goto('/account');
    const card = page.getByRole('region', { name: 'Connections' });
    expect(await card.innerText()).toContain('1 needs to be connected again.');
    await card.getByRole('link', { name: 'See your connections' }).click();
    expect(await connected(page).innerText()).toContain('its access was ended there. Connect the account again.');
    await connected(page)
      .getByRole('button', { name: /again$/ })
      .click();
    await choose(page, 'Rosa');
    await page.waitForURL(`${worker.url}${address}?done=reconnected`);
    expect(await badge(page, 'Healthy').isVisible()).toBe(true);
    expect(await page.getByRole('heading', { name: 'Working again' }).count()).toBe(1);
    expect(complaints.filter((line) => !/responded with a status of 409/.test(line))).toEqual([]);
    await context.close();
  });

  it('among several of one provider can be made the primary one', async () => {
    const { page, context } = await visitor();
    await connect(page, 'Mary');
    await page.getByRole('link', { name: 'Connections' }).click();
    await connect(page, 'Grace');
    await page.getByRole('button', { name: 'Make primary' }).click();
    await page.waitForURL('**?done=primary');
    expect(await page.getByRole('main').getByText('Primary', { exact: true }).isVisible()).toBe(true);
    await page.getByRole('link', { name: 'Connections' }).click();
    const texts = await connected(page).allInnerTexts();
    expect(texts.filter((text) => text.includes('Primary'))).toEqual([expect.stringContaining(emailOf('Grace'))]);
    await context.close();
  });
});
