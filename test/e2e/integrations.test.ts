import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/lib/ids.ts';
import { insert } from '../support/owner.ts';
import type { newPerson } from './support/browser.ts';
import { emailOf, newcomer, type ProviderPlace, startProviderPlace } from './support/provider-place.ts';
import { databaseOwner, type RunningWorker } from './support/worker.ts';

const HOME = '/integrations';

let place: ProviderPlace;
let worker: RunningWorker;
const owner = databaseOwner();

beforeAll(async () => {
  place = await startProviderPlace();
  ({ worker } = place);
});
afterAll(async () => place?.close());

const choose = (page: Page, name: string, refused?: readonly string[]) => place.choose(page, name, refused);
const linked = (page: Page) => page.getByRole('region', { name: 'Your services' }).getByRole('listitem');
const accountsOf = (page: Page, service: string) =>
  page.getByRole('region', { name: service, exact: true }).getByRole('listitem');
const disconnected = (page: Page) => page.getByRole('region', { name: 'Disconnected' }).getByRole('listitem');
const arrival = (page: Page, done: string) => page.waitForURL(`${worker.url}${HOME}?done=${done}`);

/** Somebody new, signed in, on the page of their integrations. */
const visitor = (options?: Parameters<typeof newPerson>[2]) =>
  newcomer(place, { link: 'Connect a service', path: HOME, options });

/** Connects an account of a demo service through the provider. */
async function connect(page: Page, service: string, name: string, refused: readonly string[] = []): Promise<void> {
  await page.getByRole('button', { name: new RegExp(`^Connect (another )?${service}`) }).click();
  await choose(page, name, refused);
  await arrival(page, 'connected');
}

/** A grant that a program brought, without an account. */
async function bringGrant(email: string): Promise<void> {
  const [row] = await owner.query<{ id: string }>('select id from users where email = $1', [email]);
  const ids = { id: newId(), user_id: row?.id };
  const account_id = `unverified:${'0'.repeat(64)}`;
  await insert(owner, 'oauth_connections', {
    ...ids,
    account_id,
    connector_id: 'demo',
    access_token: 'x',
    scopes: '',
    status: 'expired',
  });
  const link = { ...ids, service_id: 'demo_calendar', connection_id: ids.id, is_active: true };
  await insert(owner, 'user_integrations', link);
}

/** Links an account of a messenger by its id there. */
async function linkById(page: Page, service: string, id: string, username = ''): Promise<void> {
  // Whoever comes from such a form is at its address already: nothing would tell when the next one arrives.
  await page.goto(HOME);
  await page.getByText(new RegExp(`^Connect (another )?${service}( account)?$`)).click();
  await page.getByRole('textbox', { name: `${service}: Id` }).fill(id);
  await page.getByRole('textbox', { name: `${service}: Username` }).fill(username);
  await page.getByRole('button', { name: new RegExp(`^Connect (another )?${service}`) }).click();
}

/** Opens what can be changed of an account. */
const change = (page: Page, name: string) => page.getByText(`Change or disconnect: ${name}`).click();

describe('a service', () => {
  it('is connected through its provider, and shows whose account it is and how it is', async () => {
    const { page, context, complaints } = await visitor();
    expect(await page.getByRole('region', { name: 'Your services' }).innerText()).toContain('None yet.');
    await connect(page, 'Demo Calendar', 'Ada');
    expect(await page.getByRole('status').innerText()).toBe('The account is connected.');
    expect(await accountsOf(page, 'Demo Calendar').allInnerTexts()).toEqual([
      expect.stringMatching(new RegExp(`^${emailOf('Ada')} Works\\s+connected \\d+ .*Details`, 's')),
    ]);
    await page.getByRole('link', { name: 'Details' }).click();
    await page.getByRole('heading', { level: 1, name: 'Demo' }).waitFor();
    await page.goto('/account');
    const card = page.getByRole('region', { name: 'Integrations' });
    expect(await card.innerText()).toContain('One account of a service is linked.');
    await card.getByRole('link', { name: 'See your integrations' }).click();
    await page.waitForURL(`**${HOME}`);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('has many accounts: each with a label, and one that is primary', async () => {
    const { page, context, complaints } = await visitor();
    await connect(page, 'Demo Calendar', 'Ada');
    expect(await page.getByRole('main').getByText('Primary', { exact: true }).count()).toBe(0);
    await connect(page, 'Demo Calendar', 'Grace');
    expect(await accountsOf(page, 'Demo Calendar').allInnerTexts()).toEqual([
      expect.stringMatching(new RegExp(`^${emailOf('Ada')} Works Primary`)),
      expect.stringMatching(new RegExp(`^${emailOf('Grace')} Works\\s`)),
    ]);
    await change(page, `Demo Calendar (${emailOf('Grace')})`);
    await page.getByRole('button', { name: `Make Demo Calendar (${emailOf('Grace')}) primary` }).click();
    await arrival(page, 'primary');
    expect(
      await accountsOf(page, 'Demo Calendar')
        .filter({ hasText: /Primary/ })
        .allInnerTexts(),
    ).toEqual([expect.stringContaining(emailOf('Grace'))]);
    await change(page, `Demo Calendar (${emailOf('Grace')})`);
    await page.getByRole('textbox', { name: /: Label$/ }).fill('المكتب (work)');
    await page.getByRole('button', { name: /^Save the label of Demo Calendar/ }).click();
    await arrival(page, 'labelled');
    expect(await page.getByRole('status').innerText()).toBe('The account has its new label.');
    expect(await page.getByRole('heading', { name: /^المكتب \(work\)/ }).innerText()).toMatch(/Works Primary$/);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('shares the grant of an account with another service of that provider', async () => {
    const { page, context } = await visitor();
    await connect(page, 'Demo Calendar', 'Edith');
    await connect(page, 'Demo Files', 'Edith');
    const addresses = await linked(page)
      .getByRole('link', { name: /^Details/ })
      .evaluateAll((links) => links.map((link) => link.getAttribute('href')));
    expect(addresses).toHaveLength(2);
    expect(new Set(addresses).size).toBe(1);
    await context.close();
  });

  it('that got less than it needs says what is missing, and gets it in place', async () => {
    const { page, context } = await visitor();
    await connect(page, 'Demo Files', 'Hedy', ['Read your files']);
    const [text = ''] = await accountsOf(page, 'Demo Files').allInnerTexts();
    expect(text).toMatch(/Permission missing.*Missing: files\.read\. Connect again to add it\./s);
    await page.getByRole('button', { name: `Connect Demo Files (${emailOf('Hedy')}) again` }).click();
    await choose(page, 'Hedy');
    await arrival(page, 'reconnected');
    expect(await accountsOf(page, 'Demo Files').allInnerTexts()).toEqual([
      expect.stringMatching(new RegExp(`^${emailOf('Hedy')} Works`)),
    ]);
    await context.close();
  });

  it('is disconnected by a second press, and connected again as it was', async () => {
    const { page, context, complaints } = await visitor();
    await connect(page, 'Demo Calendar', 'Joan');
    await change(page, `Demo Calendar (${emailOf('Joan')})`);
    await page.getByRole('button', { name: `Disconnect Demo Calendar (${emailOf('Joan')})` }).click();
    await arrival(page, 'deactivated');
    expect(await linked(page).count()).toBe(0);
    expect(await disconnected(page).allInnerTexts()).toEqual([
      expect.stringMatching(new RegExp(`^Demo Calendar: ${emailOf('Joan')}`)),
    ]);
    await page.getByRole('button', { name: `Connect Demo Calendar (${emailOf('Joan')}) again` }).click();
    await arrival(page, 'reconnected');
    expect(await accountsOf(page, 'Demo Calendar').allInnerTexts()).toEqual([expect.stringContaining('Works')]);
    expect(await disconnected(page).count()).toBe(0);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('whose connection was ended is connected again through the provider', async () => {
    const { page, context } = await visitor();
    await connect(page, 'Demo Calendar', 'Mary');
    await page.getByRole('link', { name: 'Details' }).click();
    await page.getByText('Disconnect…').click();
    await page.getByRole('button', { name: /^Disconnect Demo/ }).click();
    await page.waitForURL('**?done=disconnected');
    await page.goto(HOME);
    expect(await accountsOf(page, 'Demo Calendar').innerText()).toContain('No access to this account is stored here.');
    await page.getByRole('button', { name: `Connect Demo Calendar (${emailOf('Mary')}) again` }).click();
    await choose(page, 'Mary');
    await page.waitForURL(`${worker.url}${HOME}?done=*`);
    expect(await accountsOf(page, 'Demo Calendar').allInnerTexts()).toEqual([expect.stringContaining('Works')]);
    await context.close();
  });

  it('whose account was not known is known once it is connected again', async () => {
    const { page, context, address } = await visitor();
    await bringGrant(address);
    await page.reload();
    expect(await accountsOf(page, 'Demo Calendar').allInnerTexts()).toEqual([
      expect.stringMatching(/^Account not known yet Action needed/),
    ]);
    await page.getByRole('button', { name: 'Connect Demo Calendar (Account not known yet) again' }).click();
    await choose(page, 'Edith');
    await arrival(page, 'reconnected');
    expect(await accountsOf(page, 'Demo Calendar').allInnerTexts()).toEqual([
      expect.stringMatching(new RegExp(`^${emailOf('Edith')} Works`)),
    ]);
    await context.close();
  });

  it('connected again with another account stays as it was', async () => {
    const { page, context } = await visitor();
    await connect(page, 'Demo Files', 'Hedy', ['Read your files']);
    await page.getByRole('button', { name: `Connect Demo Files (${emailOf('Hedy')}) again` }).click();
    await choose(page, 'Joan');
    await page.waitForURL(`${worker.url}${HOME}?problem=connection.wrong_account`);
    await page.getByRole('alert').getByText('That is another account than the one connected here.').waitFor();
    expect(await linked(page).allInnerTexts()).toEqual([expect.stringContaining(emailOf('Hedy'))]);
    await context.close();
  });

  it('that is refused at the provider is told here, and can be begun again', async () => {
    const { page, context } = await visitor();
    await page.getByRole('button', { name: 'Connect Demo Calendar' }).click();
    await choose(page, 'Cancel');
    await page.waitForURL(`${worker.url}${HOME}?problem=provider.denied`);
    const alert = page.getByRole('alert').getByText('The provider says that you cancelled. Nothing has changed.');
    expect(await alert.evaluate((element) => element === document.activeElement)).toBe(true);
    expect(await linked(page).count()).toBe(0);
    await connect(page, 'Demo Calendar', 'Rosa');
    await context.close();
  });

  it('that is not there any more is refused in words', async () => {
    const { page, context } = await visitor();
    await page.locator('input[name=service][value=demo_calendar]').evaluate((field: HTMLInputElement) => {
      field.value = 'nobody';
    });
    await page.getByRole('button', { name: 'Connect Demo Calendar' }).click();
    await page.getByRole('alert').getByText('There is no such service to link.').waitFor();
    await connect(page, 'Demo Calendar', 'Rosa');
    await context.close();
  });
});

describe('a messenger', () => {
  it('is linked by the account’s id there, once', async () => {
    const { page, context, complaints } = await visitor();
    await linkById(page, 'Telegram', '4711', '@ada');
    await arrival(page, 'connected');
    expect(await accountsOf(page, 'Telegram').allInnerTexts()).toEqual([expect.stringMatching(/^@ada Works/)]);
    await linkById(page, 'Telegram', '4711', '@ada_l');
    await arrival(page, 'connected');
    expect(await accountsOf(page, 'Telegram').allInnerTexts()).toEqual([expect.stringMatching(/^@ada_l Works/)]);
    await linkById(page, 'Telegram', '4712');
    await arrival(page, 'connected');
    expect(await accountsOf(page, 'Telegram').count()).toBe(2);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('says beside the field what is wrong with what was typed', async () => {
    const { page, context } = await visitor();
    const field = page.getByRole('textbox', { name: 'Signal: Id' });
    await page.getByText('Connect Signal').click();
    await field.evaluate((element) => element.removeAttribute('maxlength'));
    await linkByKeyboard(page, 'x'.repeat(256));
    await page.getByText('An id has 1 to 255 characters').waitFor();
    expect(await field.evaluate((element) => element === document.activeElement)).toBe(true);
    expect(await field.getAttribute('aria-invalid')).toBe('true');
    await linkByKeyboard(page, 'a-uuid');
    await arrival(page, 'connected');
    expect(await accountsOf(page, 'Signal').count()).toBe(1);
    await context.close();
  });

  const linkByKeyboard = async (page: Page, id: string) => {
    await page.getByRole('textbox', { name: 'Signal: Id' }).fill(id);
    await page.keyboard.press('Enter');
  };

  it('of somebody else cannot be changed by naming its id', async () => {
    const [mine, theirs] = [await visitor(), await visitor()];
    await linkById(theirs.page, 'Telegram', '4711');
    await arrival(theirs.page, 'connected');
    const id = await theirs.page.locator('input[name=integration_id]').first().inputValue();
    await linkById(mine.page, 'Telegram', '4712');
    await arrival(mine.page, 'connected');
    await change(mine.page, 'Telegram (4712)');
    await mine.page.locator('form[action$=disconnect] input[name=integration_id]').evaluate((field, value) => {
      (field as HTMLInputElement).value = value;
    }, id);
    await mine.page.getByRole('button', { name: 'Disconnect Telegram (4712)' }).click();
    await mine.page.getByRole('alert').getByText('There is no such integration.').waitFor();
    const rows = await owner.query('select is_active from user_integrations where id = $1', [id]);
    expect(rows).toEqual([{ is_active: true }]);
    await Promise.all([mine.context.close(), theirs.context.close()]);
  });
});

describe('without JavaScript', () => {
  it('services are connected, labelled, chosen, disconnected and connected again', async () => {
    const { page, context } = await visitor({ javaScriptEnabled: false });
    await connect(page, 'Demo Calendar', 'Grace');
    await linkById(page, 'Telegram', '4711');
    await arrival(page, 'connected');
    await linkById(page, 'Telegram', '4712');
    await arrival(page, 'connected');
    await change(page, 'Telegram (4712)');
    await page.getByRole('textbox', { name: /: Label$/ }).fill('Home');
    await page.getByRole('button', { name: 'Save the label of Telegram (4712)' }).click();
    await arrival(page, 'labelled');
    await change(page, 'Telegram (Home)');
    await page.getByRole('button', { name: 'Make Telegram (Home) primary' }).click();
    await arrival(page, 'primary');
    await change(page, 'Telegram (Home)');
    await page.getByRole('button', { name: 'Disconnect Telegram (Home)' }).click();
    await arrival(page, 'deactivated');
    await page.getByRole('button', { name: 'Connect Telegram (Home) again' }).click();
    await arrival(page, 'reconnected');
    expect(await accountsOf(page, 'Telegram').count()).toBe(2);
    await context.close();
  });
});
