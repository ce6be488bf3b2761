import { randomBytes } from 'node:crypto';
import type { Page } from 'playwright-core';

/** A mail as /dev/mailbox.json gives it, with the link and the code of a sign-in mail. */
export interface SignInMail {
  readonly link: string;
  readonly code: string;
}

/** An address that no other test uses. */
export function newAddress(): string {
  return `e2e-${randomBytes(6).toString('hex')}@example.com`;
}

/** The newest sign-in mail to an address; waits, since mail goes out after the answer. */
export async function readMail(url: string, to: string, count = 1): Promise<SignInMail> {
  const deadline = Date.now() + 10_000;
  while (Date.now() < deadline) {
    const response = await fetch(`${url}/dev/mailbox.json?to=${encodeURIComponent(to)}`);
    const { items } = (await response.json()) as { items: { text: string }[] };
    const [newest] = items;
    if (newest && items.length >= count) {
      const link = /https?:\/\/\S+#token=\S+/.exec(newest.text)?.[0];
      const code = /^\d{6}$/m.exec(newest.text)?.[0];
      if (!link || !code) throw new Error('The mail holds no link or no code.');
      return { link, code };
    }
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`No mail to ${to} within 10 s.`);
}

/** Types the address on /sign-in and waits for the page that asks for the code. */
export async function askForMail(page: Page, address: string, query = ''): Promise<void> {
  await page.goto(`/sign-in${query}`);
  await page.getByLabel('E-mail address').fill(address);
  await page.getByRole('button', { name: 'Mail me a link' }).click();
  await page.waitForURL('**/sign-in/code**');
}

/** Signs in by the mailed link, in the browser that asked. */
export async function signIn(page: Page, url: string, address: string): Promise<void> {
  await askForMail(page, address);
  const { link } = await readMail(url, address);
  await page.goto(link);
  await page.getByRole('button', { name: 'Finish signing in' }).click();
  await page.waitForURL('**/account');
}

/** Types a code on the page that asks for it. */
export async function typeCode(page: Page, code: string): Promise<void> {
  await page.getByLabel('Six-digit code').fill(code);
  await page.getByRole('button', { name: 'Sign in' }).click();
}
