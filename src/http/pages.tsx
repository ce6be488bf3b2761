import { Hono, type MiddlewareHandler } from 'hono';
import type { AppEnv } from './open-context.ts';
import { showAccount } from './pages/account-page.tsx';
import { revokeOtherSessions, revokeSession, saveProfile, signOut } from './pages/account.tsx';
import { serveAsset, serveIcon } from './pages/assets.ts';
import {
  connectAccount,
  disconnectConnection,
  makeConnectionPrimary,
  refreshConnection,
} from './pages/connections.tsx';
import { showConnection, showConnections } from './pages/connections-page.tsx';
import { askNewAddress, confirmByCode, showEmailCode } from './pages/email-change.tsx';
import { notFound, showError } from './pages/errors.tsx';
import {
  activateIntegration,
  connectService,
  disconnectIntegration,
  linkService,
  makeIntegrationPrimary,
  renameIntegration,
} from './pages/integrations.tsx';
import { showIntegrations } from './pages/integrations-page.tsx';
import { listMails, showMailbox, showMailHtml } from './pages/mailbox.tsx';
import { showNotMe } from './pages/not-me.tsx';
import { removePasskey, renamePasskey } from './pages/passkeys.tsx';
import { askForLink, showCode, showSignIn, signInByCode } from './pages/sign-in.tsx';
import { linkSocial, startSocial, unlinkSocial } from './pages/social.tsx';
import { mailStepUp, showStepUp, showStepUpCode, stepUpByCode } from './pages/step-up.tsx';
import { createToken, revokeToken, rotateToken } from './pages/tokens.tsx';

/** The pages that people see: rendered here, usable without a script, each calling the API's own procedures. */
export const pages = new Hono<AppEnv>();

/** A person on 127.0.0.1 belongs on localhost: browsers refuse passkeys on an IP address, and cookies would differ. */
const onPublicUrl: MiddlewareHandler<AppEnv> = async (c, next) => {
  const { environment, publicUrl } = c.get('ctx').settings;
  const { origin, pathname, search } = new URL(c.req.url);
  if (environment === 'development' && origin !== publicUrl) return c.redirect(publicUrl + pathname + search, 307);
  await next();
};

pages.onError(showError);

pages.get('/', (c) => c.redirect('/account', 303));
pages.get('/sign-in', onPublicUrl, showSignIn);
pages.post('/sign-in', askForLink);
pages.get('/sign-in/code', onPublicUrl, showCode);
pages.post('/sign-in/code', signInByCode);
pages.post('/sign-in/social', startSocial);
pages.get('/step-up', onPublicUrl, showStepUp);
pages.post('/step-up', mailStepUp);
pages.get('/step-up/code', onPublicUrl, showStepUpCode);
pages.post('/step-up/code', stepUpByCode);
pages.get('/not-me', onPublicUrl, showNotMe);

pages.get('/account', onPublicUrl, showAccount);
pages.post('/account/profile', saveProfile);
pages.get('/account/email', onPublicUrl, showEmailCode);
pages.post('/account/email', askNewAddress);
pages.post('/account/email/code', confirmByCode);
pages.post('/account/passkeys/rename', renamePasskey);
pages.post('/account/passkeys/remove', removePasskey);
pages.post('/account/social/link', linkSocial);
pages.post('/account/social/unlink', unlinkSocial);
pages.get('/account/connections', onPublicUrl, showConnections);
pages.get('/account/connections/:id{[0-9a-f-]{36}}', onPublicUrl, showConnection);
pages.post('/account/connections/connect', connectAccount);
pages.post('/account/connections/refresh', refreshConnection);
pages.post('/account/connections/primary', makeConnectionPrimary);
pages.post('/account/connections/disconnect', disconnectConnection);
pages.get('/integrations', onPublicUrl, showIntegrations);
pages.post('/integrations/connect', connectService);
pages.post('/integrations/link', linkService);
pages.post('/integrations/activate', activateIntegration);
pages.post('/integrations/rename', renameIntegration);
pages.post('/integrations/primary', makeIntegrationPrimary);
pages.post('/integrations/disconnect', disconnectIntegration);
pages.post('/account/tokens', createToken);
pages.post('/account/tokens/rotate', rotateToken);
pages.post('/account/tokens/revoke', revokeToken);
pages.post('/account/sessions/revoke', revokeSession);
pages.post('/account/sessions/revoke-others', revokeOtherSessions);
pages.post('/account/sign-out', signOut);
// A form that was refused leaves its own address behind, and a reload of it asks for a page.
pages.get('/account/connections/*', (c) => c.redirect('/account/connections', 303));
pages.get('/integrations/*', (c) => c.redirect('/integrations', 303));
pages.get('/account/*', (c) => c.redirect('/account', 303));
pages.get('/sign-in/social', (c) => c.redirect('/sign-in', 303));

pages.get('/dev/mailbox', onPublicUrl, showMailbox);
pages.get('/dev/mailbox.json', listMails);
pages.get('/dev/mailbox/:id{[0-9]+}', showMailHtml);

pages.get('/assets/*', serveAsset);
pages.get('/favicon.svg', serveIcon);
pages.get('/favicon.ico', (c) => c.redirect('/favicon.svg', 301));
pages.get('*', notFound);
