/** What the scripts of all pages share. Each page has one script, put together by `script`. */

/** A script of the parts, in a scope of its own. */
export function script(...parts: readonly string[]): string {
  return `'use strict';\n(() => {\n${parts.map((part) => part.trim()).join('\n\n')}\n})();\n`;
}

/** Finding elements, what a tab keeps, saying something aloud, and running once the page is there. */
export const base = `
  const root = document.documentElement;
  const find = (selector) => document.querySelector(selector);
  const readStore = (name) => { try { return sessionStorage.getItem(name); } catch { return null; } };
  const writeStore = (name, value) => { try { sessionStorage.setItem(name, value); } catch { /* private mode */ } };

  function whenReady(run) {
    if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', run);
    else run();
  }

  function say(message) {
    const alert = find('[data-alert]');
    alert.textContent = message;
    alert.hidden = false;
    alert.focus();
  }

  // A button that does one thing at a time; a disabled one would lose the focus.
  function onPress(button, run) {
    button.addEventListener('click', async () => {
      if (button.getAttribute('aria-disabled') === 'true') return;
      button.setAttribute('aria-disabled', 'true');
      find('[data-alert]').hidden = true;
      try {
        await run();
      } catch {
        say('The service could not be reached. Look at your connection and try again.');
      }
      button.removeAttribute('aria-disabled');
    });
  }
`;

/** Calling the API. */
export const calls = `
  function newKey() {
    const bytes = crypto.getRandomValues(new Uint8Array(32));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  }

  // Where nobody is signed in, a secret of this tab says that it is the same caller.
  function callerSecret() {
    const kept = readStore('gatehouse.caller');
    if (kept !== null) return kept;
    const made = newKey();
    writeStore('gatehouse.caller', made);
    return made;
  }
  const caller = callerSecret();

  // When an answer is lost, the same request is sent again under the same key, and has one effect.
  async function call(name, input, key = newKey(), triesLeft = 1) {
    try {
      const response = await fetch('/trpc/' + name, {
        method: 'POST',
        credentials: 'same-origin',
        headers: { 'content-type': 'application/json', 'idempotency-key': key, 'idempotency-caller': caller },
        body: JSON.stringify(input),
      });
      if (response.status < 500 || triesLeft === 0) return await response.json();
    } catch (error) {
      if (triesLeft === 0) throw error;
    }
    await new Promise((done) => setTimeout(done, 500));
    return call(name, input, key, triesLeft - 1);
  }

  const codeOf = (error) => (error && error.data ? error.data.appCode : '');
  const wordsOf = (error) => (error && error.message ? error.message : 'The answer was not readable. Try again.');

  // A session that has ended, or that must prove itself anew, is another page's matter.
  function leads(error) {
    const isEnded = Boolean(error && error.data && error.data.httpStatus === 401);
    if (isEnded) location.assign('/account');
    else if (codeOf(error) === 'step_up.required') location.assign('/step-up?redirect_url=/account');
    else return false;
    return true;
  }
`;

/** The address that was typed stays in this tab: neither in the URL nor in a cookie. */
export const typedAddress = `
  whenReady(() => {
    const form = find('form[data-ask]');
    if (form) form.addEventListener('submit', () => writeStore('gatehouse.address', form.elements.email.value.trim()));
    const shown = find('[data-address]');
    const address = readStore('gatehouse.address');
    if (shown && address) shown.textContent = address;
  });
`;
