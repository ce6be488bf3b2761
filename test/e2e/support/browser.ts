import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin', '/snap/bin'];
const candidates = [
  ...folders.filter(Boolean).flatMap((folder) => names.map((name) => join(folder, name))),
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** Starts the Chromium of `CHROMIUM_PATH`, or of PATH and the usual places. @throws Error that says what to install */
export async function launchBrowser(): Promise<Browser> {
  const given = process.env.CHROMIUM_PATH;
  const executablePath = given ? given : candidates.find((path) => existsSync(path));
  if (!executablePath || !existsSync(executablePath)) {
    const where = given ? `CHROMIUM_PATH names "${given}", which is not there.` : 'There is none in PATH.';
    throw new Error(
      `The browser tests need Chromium. ${where} Install it (apt-get install chromium) or set CHROMIUM_PATH.`,
    );
  }
  return chromium.launch({
    executablePath,
    // Containers have no user namespaces for its sandbox; it loads pages of this machine alone.
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

let people = 0;

/** A person at a browser of their own, with cookies and an address of their own, and a list of what went wrong in it. */
export interface Person {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Errors, warnings and content policy violations that the browser reported. */
  readonly complaints: string[];
}

/** Opens a fresh browser profile. Each has a network of its own, since sign-ins are counted by network. */
export async function newPerson(
  browser: Browser,
  baseURL: string,
  options: BrowserContextOptions = {},
): Promise<Person> {
  people += 1;
  const context = await browser.newContext({
    baseURL,
    locale: 'en-GB',
    timezoneId: 'Europe/Lisbon',
    extraHTTPHeaders: { 'cf-connecting-ip': `203.0.113.${people}` },
    ...options,
  });
  context.setDefaultTimeout(15_000);
  const complaints: string[] = [];
  context.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  context.on('weberror', (error) => complaints.push(String(error.error())));
  return { context, page: await context.newPage(), complaints };
}
