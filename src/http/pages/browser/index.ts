import { openedLink } from './link.ts';
import { reportList } from './not-me.ts';
import { passkeyRegistration, passkeys, passkeySignIn, passkeyStepUp } from './passkey.ts';
import { base, calls, script, typedAddress } from './shared.ts';

/** Copies the new token; the field of it can be selected by hand as well. */
const copying = `
  whenReady(() => {
    const button = find('[data-copy]');
    const field = find('#token');
    field.addEventListener('focus', () => field.select());
    if (!navigator.clipboard) return;
    button.hidden = false;
    button.addEventListener('click', async () => {
      await navigator.clipboard.writeText(field.value).then(
        () => { find('[data-copied]').textContent = 'Copied.'; },
        () => field.focus(),
      );
    });
  });
`;

/** Sends the one form of a page that nobody needs to read. */
const submitting = `
  whenReady(() => {
    const form = find('form[data-submit]');
    if (form) form.requestSubmit();
  });
`;

/** The script of each page; `src/http/pages/assets.ts` serves them. */
export const scripts = {
  signIn: script(base, calls, openedLink, passkeys, passkeySignIn, typedAddress),
  stepUp: script(base, calls, openedLink, passkeys, passkeyStepUp),
  account: script(base, calls, passkeys, passkeyRegistration, typedAddress),
  notMe: script(base, calls, openedLink, reportList),
  link: script(base, calls, openedLink, typedAddress),
  token: script(base, copying),
  submit: script(base, submitting),
} as const;
