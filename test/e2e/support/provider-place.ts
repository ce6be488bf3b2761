/** A place whose `demo` connector leads to a provider of its own, with people who sign in there. */
import { randomBytes } from 'node:crypto';
import type { Browser, Page } from 'playwright-core';
import { expect } from 'vitest';
import {
  type Account,
  connectorSettings,
  type OidcProvider,
  startOidcProvider,
} from '../../../scripts/support/oidc-provider.ts';
import { launchBrowser, newPerson } from './browser.ts';
import { askForMail, newAddress, readMail, typeCode } from './journey.ts';
import { type RunningWorker, startPlace } from './worker.ts';

const NAMES = ['Ada', 'Grace', 'Edith', 'Hedy', 'Joan', 'Mary', 'Rosa'];

export interface ProviderPlace {
  readonly provider: OidcProvider;
  readonly worker: RunningWorker;
  readonly browser: Browser;
  /** Chooses somebody on the provider's own page, who takes the tick from some of what is asked for. */
  choose(page: Page, name: string, refused?: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** The people of the provider's page; each test has its own. */
export const people: Readonly<Record<string, Account>> = Object.fromEntries(
  NAMES.map((name) => [
    name,
    { subject: `${name}-${randomBytes(6).toString('hex')}`, email: newAddress(), isEmailVerified: true, name },
  ]),
);

export const emailOf = (name: string): string => people[name]?.email ?? '';
export const subjectOf = (name: string): string => people[name]?.subject ?? '';

export async function startProviderPlace(): Promise<ProviderPlace> {
  const provider = await startOidcProvider({
    redirectUris: ['http://localhost:8787/oauth/callback/demo'],
    accounts: Object.values(people),
  });
  const worker = await startPlace(connectorSettings(provider));
  const browser = await launchBrowser();
  return {
    provider,
    worker,
    browser,
    choose: async (page, name, refused = []) => {
      await page.getByRole('heading', { name: 'Demo provider' }).waitFor();
      expect(new URL(page.url()).origin).toBe(provider.issuer);
      for (const label of refused) await page.getByLabel(label).uncheck();
      await page.getByRole('button', { name: new RegExp(`^${name}`) }).click();
    },
    close: async () => {
      await browser.close();
      await worker.close();
      await provider.close();
    },
  };
}

interface Visit {
  /** The link of the account page that leads there. */
  readonly link: string;
  readonly path: string;
  readonly options?: Parameters<typeof newPerson>[2];
}

/** Somebody new, signed in, who followed a link of their account page. */
export async function newcomer({ browser, worker }: ProviderPlace, { link, path, options = {} }: Visit) {
  const person = await newPerson(browser, worker.url, options);
  const address = newAddress();
  await askForMail(person.page, address);
  await typeCode(person.page, (await readMail(worker.url, address)).code);
  await person.page.getByRole('link', { name: link }).click();
  await person.page.waitForURL(`**${path}`);
  return { ...person, address };
}
