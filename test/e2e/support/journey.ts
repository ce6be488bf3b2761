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

/** The newest mail to an address with a code in it; waits, since mail goes out after the answer. */
export async function readMail(url: string, to: string): Promise<SignInMail> {
  const text = await waitForMail(url, to, /./);
  const code = /^\d{6}$/m.exec(text)?.[0];
  if (!code) throw new Error('The mail holds no code.');
  return { link: linkOf(text), code };
}

/** The text of the newest mail to an address whose subject is such; waits for it. */
export async function waitForMail(url: string, to: string, subject: RegExp): Promise<string> {
  const deadline = Date.now() + 10_000;
  while (Date.now() < deadline) {
    const response = await fetch(`${url}/dev/mailbox.json?to=${encodeURIComponent(to)}`);
    const { items } = (await response.json()) as { items: { subject: string; text: string }[] };
    const found = items.find((mail) => subject.test(mail.subject));
    if (found) return found.text;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`No such mail to ${to} within 10 s.`);
}

/** The link of a mail, its secret in the fragment. */
export function linkOf(text: string): string {
  const link = /https?:\/\/\S+#token=\S+/.exec(text)?.[0];
  if (!link) throw new Error('The mail holds no link.');
  return link;
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

/** Signs out on /account. */
export async function signOut(page: Page): Promise<void> {
  await page.getByRole('banner').getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL('**/sign-in?done=signed_out');
}

/** Types a code on the page that asks for it. */
export async function typeCode(page: Page, code: string): Promise<void> {
  await page.getByLabel('Six-digit code').fill(code);
  await page.getByRole('button', { name: 'Sign in' }).click();
}
