import type { Handler } from 'hono';
import type { AppEnv } from '../open-context.ts';
import { showPage } from './layout.tsx';
import { ConfirmButton, ScriptAlert } from './proof-view.tsx';

/**
 * GET /not-me: what a mail about the account leads to. Neither opening it nor a scanner's look does anything; a script
 * fetches the list of what would be undone, and its one button sends the secret of the link, which no server has seen
 * before.
 */
export const showNotMe: Handler<AppEnv> = (c) =>
  showPage(c, { title: 'This was not me', content: <NotMeView />, script: 'notMe' });

function NotMeView() {
  return (
    <>
      <h1>This was not me</h1>
      <ScriptAlert />
      <div class="confirm stack">
        <Question />
        <Outcome />
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

function Question() {
  return (
    <div class="here stack">
      <p data-spent hidden>
        This was reported already. Nothing is left to do by this mail.
      </p>
      <Lines name="left" title="This cannot be undone from here:" />
      <p data-closed hidden>
        <a href="/sign-in">Sign in</a>, and look through your account: remove what you do not know.
      </p>
      <div class="stack" data-open>
        <Offer />
      </div>
    </div>
  );
}

/** What the button does, and the button. */
function Offer() {
  return (
    <>
      <p>Press the button if what the mail tells of was somebody else. Then:</p>
      <ul class="points">
        <li>every session ends, here and everywhere;</li>
        <li>
          what was added to your account since the earliest such mail that was not reported yet is removed: passkeys,
          linked providers, connected accounts and services, API tokens;
        </li>
        <li>an e-mail address that was changed since is changed back, where this mail may do so.</li>
      </ul>
      <p data-nothing hidden>
        Nothing was added since. Every session ends.
      </p>
      <fieldset data-items hidden>
        <legend>This will be undone. Tick what was you: it is kept.</legend>
        <p class="small soft">
          Linked services and connected accounts of the day before are listed too, since no mail tells of them.
        </p>
        <div class="stack"></div>
      </fieldset>
      <p class="soft">You then sign in again by mail. What was there before stays.</p>
      <ConfirmButton procedure="auth.reportNotMe" label="End every session and undo" tone="danger" />
      <p class="small soft">If all of it was you, close this page: nothing has happened.</p>
    </>
  );
}

function Outcome() {
  return (
    <div class="finished stack" role="status" tabindex={-1} data-done>
      <h2>Done</h2>
      <p data-ended hidden>
        Every session is ended.
      </p>
      <p data-complete hidden>
        What was added since is undone.
      </p>
      <p data-repeated hidden>
        It was reported before. Nothing was done now.
      </p>
      <Lines name="undone" title="Undone:" />
      <Lines name="not-undone" title="Not undone:" />
      <p>
        <a href="/sign-in">Sign in again</a>, and look through your account: remove what you do not know.
      </p>
    </div>
  );
}

/** A list that the script fills. */
function Lines({ name, title }: { readonly name: string; readonly title: string }) {
  return (
    <div data-lines={name} hidden>
      <p>{title}</p>
      <ul class="points"></ul>
    </div>
  );
}
