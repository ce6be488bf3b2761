import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/lib/ids.ts';
import { insert, inHours } from '../support/owner.ts';
import { launchBrowser } from './support/browser.ts';
import { newAddress, signIn } from './support/journey.ts';
import { looks, newVisitor } from './support/looks.ts';
import { databaseOwner, type RunningWorker, startPlace } from './support/worker.ts';

let browser: Browser;
let worker: RunningWorker;
const owner = databaseOwner();

beforeAll(async () => {
  worker = await startPlace();
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await worker?.close();
});

describe.each(looks)('the page of integrations, %s', (look) => {
  it('keeps nobody out and offends no content policy', async () => {
    const { page, visit, conclude } = await newVisitor(browser, worker.url, look);
    const address = newAddress();
    await signIn(page, worker.url, address);
    await page.goto('/integrations?problem=provider.denied');
    await visit('integrations-new');
    await furnish(address);
    await page.goto('/account');
    await visit('account-integrations');
    await page.goto('/integrations?done=connected');
    await visit('integrations');
    for (const summary of await page.locator('summary').all()) await summary.click();
    await visit('integrations-open');
    await page.reload();
    await page.getByText('Change or disconnect: Demo Calendar (Work)').click();
    const label = page.getByRole('textbox', { name: 'Demo Calendar (Work): Label' });
    await label.evaluate((field) => field.removeAttribute('maxlength'));
    await label.fill('x'.repeat(256));
    await page.getByRole('button', { name: 'Save the label of Demo Calendar (Work)' }).click();
    await page.getByText('A label has at most 255 characters').waitFor();
    expect(await label.evaluate(isFocused)).toBe(true);
    await visit('integrations-refused');
    await furnishMany(address);
    await page.goto('/integrations');
    await page.getByRole('link', { name: 'Show more' }).waitFor();
    await visit('integrations-many');
    await conclude();
  });
});

const isFocused = (element: Element) => element === document.activeElement;

async function userOf(email: string): Promise<string> {
  const [row] = await owner.query<{ id: string }>('select id from users where email = $1', [email]);
  return row?.id ?? '';
}

/** Links services in every state, with labels of every kind. */
async function furnish(email: string): Promise<void> {
  const user_id = await userOf(email);
  const link = async (service_id: string, columns: object, vault?: object) => {
    const id = newId();
    const connection_id = vault ? id : null;
    const scopes = 'calendar.read files.read';
    const grant = { connector_id: 'demo', account_id: id, access_token: 'x', scopes, expires_at: inHours(1) };
    if (vault) await insert(owner, 'oauth_connections', { id, user_id, ...grant, ...vault });
    await insert(owner, 'user_integrations', {
      id,
      user_id,
      service_id,
      connection_id,
      external_user_id: id,
      ...columns,
    });
  };
  const past = inHours(-1);
  await link('demo_calendar', { display_label: 'Work', external_username: email }, {});
  await link('demo_calendar', { external_username: 'ada@home.example' }, { expires_at: past, next_refresh_at: past });
  await link('demo_calendar', { external_user_id: null }, { expires_at: past });
  await link('demo_calendar', { external_username: 'x' }, { expires_at: past, failing_since: past });
  await link('demo_files', { display_label: 'ملفات العائلة' }, { scopes: 'calendar.read' });
  await link('demo_files', { display_label: 'As long as somebody makes it. '.repeat(8).trim() }, { status: 'revoked' });
  await link('gmail', { external_username: 'ada@gmail.example' }, { connector_id: 'google', status: 'expired' });
  await link('telegram', { external_user_id: '4711', external_username: '@ada' });
  await link('telegram', { external_user_id: 'n'.repeat(255), display_label: 'עבודה (ada) 123' });
  await link('whatsapp', { external_user_id: '+351000', display_label: 'Old phone', is_active: false });
  await link('demo_files', { external_username: email, is_active: false }, { status: 'revoked' });
}

/** More accounts than one page holds. */
async function furnishMany(email: string): Promise<void> {
  await owner.query(
    `insert into user_integrations (id, user_id, service_id, external_user_id)
      select gen_random_uuid(), $1, 'signal', 'number-' || n from generate_series(1, 100) n`,
    [await userOf(email)],
  );
}
