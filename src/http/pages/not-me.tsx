import type { Handler } from 'hono';
import type { AppEnv } from '../open-context.ts';
import { showPage } from './layout.tsx';
import { ConfirmButton, ScriptAlert } from './proof-view.tsx';

/**
 * GET /not-me: what a mail about the account leads to. Neither opening it nor a scanner's look does anything; its one
 * button sends the secret of the link, which no server has seen before.
 */
export const showNotMe: Handler<AppEnv> = (c) =>
  showPage(c, { title: 'This was not me', content: <NotMeView />, script: 'link' });

function NotMeView() {
  return (
    <>
      <h1>This was not me</h1>
      <ScriptAlert />
      <div class="confirm stack">
        <div class="here stack">
          <p>Press the button if what the mail tells of was somebody else. Then:</p>
          <ul class="points">
            <li>every session ends, here and everywhere;</li>
            <li>passkeys, linked accounts and API tokens that were added since are removed;</li>
            <li>an e-mail address that was changed since is changed back.</li>
          </ul>
          <p class="soft">You then sign in again by mail. What was there before stays.</p>
          <ConfirmButton procedure="auth.reportNotMe" label="End every session and undo" tone="danger" />
          <p class="small soft">If it was you, close this page: nothing has happened.</p>
        </div>
        <div class="finished stack" role="status" tabindex={-1} data-done>
          <h2>Done</h2>
          <p>Every session is ended, and what was added since is undone.</p>
          <p>
            <a href="/sign-in">Sign in again</a>, and look through your account: remove what you do not know.
          </p>
        </div>
      </div>
      <div class="ask stack">
        <p>This page is opened by the link of a mail about your account. Open that link whole, as it stands there.</p>
        <noscript>
          <p>It needs JavaScript, which is off.</p>
        </noscript>
      </div>
    </>
  );
}
