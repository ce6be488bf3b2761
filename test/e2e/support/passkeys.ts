import type { CDPSession, Page } from 'playwright-core';

/** A device that holds passkeys, as Chromium simulates one. */
export interface Device {
  /** Whether somebody touches it when a page asks, from the next time on. */
  attended(isThere: boolean): Promise<void>;
  /** Whether it knows the finger. */
  recognises(isKnown: boolean): Promise<void>;
  /** How many passkeys it holds. */
  count(): Promise<number>;
}

/** Plugs a device into a page: built in, with passkeys of its own and a check of who is there. Nobody touches it yet. */
export async function plugIn(page: Page): Promise<Device> {
  const devtools: CDPSession = await page.context().newCDPSession(page);
  await devtools.send('WebAuthn.enable', { enableUI: false });
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: false,
    },
  });
  return {
    attended: async (enabled) => {
      await devtools.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled });
    },
    recognises: async (isUserVerified) => {
      await devtools.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified });
    },
    count: async () => (await devtools.send('WebAuthn.getCredentials', { authenticatorId })).credentials.length,
  };
}

/** Adds a passkey on /account, where somebody is signed in who proved it a moment ago. */
export async function addPasskey(page: Page, device: Device): Promise<void> {
  await device.attended(true);
  await page.getByRole('button', { name: 'Add a passkey' }).click();
  await page.waitForURL('**/account?done=passkey_added');
  await device.attended(false);
}
