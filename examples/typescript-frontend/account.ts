import { createGatehouseClient, gatehouseError, type Outputs } from '@gatehouse/client';

const accountUrl = 'http://localhost:8787';
/** No token: the browser sends the session cookie. This page's origin must stand in TRUSTED_ORIGINS. */
const gatehouse = createGatehouseClient({ url: accountUrl });

type Session = Outputs['auth']['listSessions']['items'][number];

/** Shows who is signed in and where, with a button for each other session; sends strangers to sign in. */
export async function showAccount(page: HTMLElement): Promise<void> {
  try {
    // Two queries in one tick: one request.
    const [who, { items }] = await Promise.all([
      gatehouse.auth.getSession.query(),
      gatehouse.auth.listSessions.query(),
    ]);
    const title = document.createElement('h1');
    title.textContent = who.displayName ?? who.email ?? 'Your account';
    page.replaceChildren(title, ...items.map((session) => sessionRow(session, page)));
  } catch (error) {
    const refusal = gatehouseError(error);
    if (refusal?.code === 'rate_limit.exceeded') page.textContent = refusal.message;
    else if (refusal) location.assign(`${accountUrl}/sign-in`);
    else page.textContent = 'The service cannot be reached. Try again.';
  }
}

function sessionRow({ id, deviceName, browser, isCurrent }: Session, page: HTMLElement): HTMLElement {
  const row = document.createElement('p');
  row.textContent = [deviceName ?? 'A device', browser, isCurrent ? 'this one' : null].filter(Boolean).join(' · ');
  if (!isCurrent) {
    const button = document.createElement('button');
    button.textContent = 'Sign out there';
    button.addEventListener('click', () => void endSession(id, page));
    row.append(' ', button);
  }
  return row;
}

async function endSession(sessionId: string, page: HTMLElement): Promise<void> {
  await gatehouse.auth.revokeSession.mutate({ sessionId });
  await showAccount(page);
}
