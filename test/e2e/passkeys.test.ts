import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, newPerson } from './support/browser.ts';
import { newAddress, signIn, signOut } from './support/journey.ts';
import { sendUnseen } from './support/lost-answer.ts';
import { addPasskey, plugIn } from './support/passkeys.ts';
import { type RunningWorker, startPlace } from './support/worker.ts';

let browser: Browser;
let worker: RunningWorker;

beforeAll(async () => {
  worker = await startPlace();
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await worker?.close();
});

/** Somebody on their account page, with a device that holds a passkey of theirs. */
async function withPasskey() {
  const person = await newPerson(browser, worker.url);
  const device = await plugIn(person.page);
  const address = newAddress();
  await signIn(person.page, worker.url, address);
  await addPasskey(person.page, device);
  return { ...person, device, address, list: person.page.getByRole('region', { name: 'Passkeys' }) };
}

/** Notes how a page asks for passkeys, from its next load on. Answers with the list so far. */
async function watchRequests(page: Page): Promise<() => Promise<(string | undefined)[]>> {
  await page.addInitScript(() => {
    const asked: (string | undefined)[] = [];
    const get = navigator.credentials.get.bind(navigator.credentials);
    navigator.credentials.get = (options) => {
      const answer = get(options);
      asked.push(options?.mediation);
      return answer;
    };
    Object.assign(window, { asked });
  });
  return () => page.evaluate(() => (window as { asked?: (string | undefined)[] }).asked ?? []);
}

/** As in a browser that offers no passkeys in a field. */
const withoutOffer = (page: Page) =>
  page.addInitScript(() => Object.assign(PublicKeyCredential, { isConditionalMediationAvailable: undefined }));

describe('a passkey', () => {
  it('is added on the account page, and signs in without a name, by the button', async () => {
    const { page, context, complaints, device, address, list } = await withPasskey();
    const said = page.getByRole('status');
    expect(await said.innerText()).toBe('The passkey is added. You can sign in with it from now on.');
    expect(await device.count()).toBe(1);
    expect(await list.getByRole('listitem').count()).toBe(1);
    expect(await list.getByText('not used yet').count()).toBe(1);
    await withoutOffer(page);
    await signOut(page);
    await device.attended(true);
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await page.waitForURL(`${worker.url}/account`);
    expect(await page.getByText(`Signed in as ${address}`).isVisible()).toBe(true);
    expect(await list.getByText('last used').count()).toBe(1);
    const history = page.getByRole('region', { name: 'Recent activity' }).getByRole('heading', { level: 3 });
    expect(await history.allInnerTexts()).toEqual([
      'Signed in by passkey',
      'Signed out',
      'Passkey added',
      'Signed in by mail',
    ]);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('is offered in the field of the address (conditional UI), and leads where it was meant to', async () => {
    const { page, context, complaints, device, address } = await withPasskey();
    await context.clearCookies();
    await device.attended(true);
    await page.goto('/sign-in?redirect_url=/account?done=profile');
    await page.waitForURL(`${worker.url}/account?done=profile`);
    expect(await page.getByText(`Signed in as ${address}`).isVisible()).toBe(true);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('is offered anew before its challenge expires', async () => {
    const { page, context } = await withPasskey();
    await signOut(page);
    await page.clock.install();
    const asked = await watchRequests(page);
    await page.reload();
    await expect.poll(asked).toEqual(['conditional']);
    await page.clock.fastForward(239_000);
    expect(await asked()).toEqual(['conditional']);
    await page.clock.fastForward(1000);
    await expect.poll(asked).toEqual(['conditional', 'conditional']);
    await context.close();
  });

  it('is used by the button although it is being offered in the field', async () => {
    const { page, context, complaints, device } = await withPasskey();
    await signOut(page);
    const asked = await watchRequests(page);
    await page.reload();
    await expect.poll(asked).toEqual(['conditional']);
    // A request that the device has already goes on without anybody there.
    await device.count();
    await device.attended(true);
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await page.waitForURL(`${worker.url}/account`);
    const history = page.getByRole('region', { name: 'Recent activity' });
    expect(await history.getByText('Signed in by passkey').count()).toBe(1);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('signs in once, though the answer was lost after the commit', async () => {
    const { page, context } = await withPasskey().then(async (person) => {
      await withoutOffer(person.page);
      await signOut(person.page);
      await person.device.attended(true);
      return person;
    });
    const answers: number[] = [];
    await page.route('**/trpc/auth.finishPasskeySignIn', async (route) => {
      if (answers.length > 0) return route.continue();
      answers.push(await sendUnseen(route));
      return route.abort('connectionreset');
    });
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await page.waitForURL(`${worker.url}/account`);
    expect(answers).toEqual([200]);
    const history = page.getByRole('region', { name: 'Recent activity' });
    expect(await history.getByText('Signed in by passkey').count()).toBe(1);
    await context.close();
  });

  it('that was removed signs nobody in, and the page says so', async () => {
    const { page, context, device, list } = await withPasskey();
    await list.getByText('Rename or remove').click();
    await list.getByLabel('Name').fill('My laptop');
    await list.getByRole('button', { name: 'Rename', exact: true }).click();
    await page.waitForURL('**/account?done=passkey_renamed');
    await list.getByRole('heading', { name: 'My laptop' }).waitFor();
    await list.getByText('Rename or remove').click();
    await list.getByRole('button', { name: 'Remove My laptop' }).click();
    await page.waitForURL('**/account?done=passkey_removed');
    expect(await list.getByRole('listitem').count()).toBe(0);
    await withoutOffer(page);
    await signOut(page);
    await device.attended(true);
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    const alert = page.getByRole('alert').getByText('That passkey is not registered here.');
    await alert.waitFor();
    expect(await alert.evaluate((element) => element === document.activeElement)).toBe(true);
    expect(await context.cookies()).not.toContainEqual(expect.objectContaining({ name: 'gatehouse_session' }));
    // The device is told to forget it (WebAuthn Level 3, signalUnknownCredential).
    await expect.poll(() => device.count()).toBe(0);
    await context.close();
  });
});

describe('a browser that does not use a passkey', () => {
  it('because nobody was recognised, says so, and the other ways are still there', async () => {
    const { page, context, device } = await withPasskey();
    await withoutOffer(page);
    await signOut(page);
    await device.recognises(false);
    await device.attended(true);
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await page.getByRole('alert').getByText('No passkey was used.').waitFor();
    await device.recognises(true);
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await page.waitForURL(`${worker.url}/account`);
    await context.close();
  });

  it('because it holds one of this account already, says so', async () => {
    const { page, context, device } = await withPasskey();
    await device.attended(true);
    await page.getByRole('button', { name: 'Add a passkey' }).click();
    await page.getByRole('alert').getByText('has a passkey for you already').waitFor();
    expect(await device.count()).toBe(1);
    await context.close();
  });

  it('because it cannot, shows no button for it', async () => {
    const { page, context } = await newPerson(browser, worker.url);
    await page.addInitScript(() => Reflect.deleteProperty(window, 'PublicKeyCredential'));
    await page.goto('/sign-in');
    expect(await page.getByRole('button', { name: 'Mail me a link' }).isVisible()).toBe(true);
    expect(await page.getByRole('button', { name: 'Sign in with a passkey' }).count()).toBe(0);
    await signIn(page, worker.url, newAddress());
    expect(await page.getByText('This browser cannot make passkeys.').isVisible()).toBe(true);
    expect(await page.getByRole('button', { name: 'Add a passkey' }).count()).toBe(0);
    await context.close();
  });
});
