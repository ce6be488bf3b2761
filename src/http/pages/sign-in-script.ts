/**
 * The script of /sign-in and /sign-in/code. It runs before the page is drawn, so that the link's secret leaves the
 * address bar and the history at once. Opening a link does nothing by itself: mail scanners open links too, and a
 * session needs somebody's own act (ASVS 7.6.2); the button sends it.
 */
export const signInScript = `'use strict';
(() => {
  const root = document.documentElement;
  let token = null;

  const readStore = (name) => { try { return sessionStorage.getItem(name); } catch { return null; } };
  const writeStore = (name, value) => { try { sessionStorage.setItem(name, value); } catch { /* private mode */ } };

  function takeToken() {
    const found = new URLSearchParams(location.hash.slice(1)).get('token');
    if (found === null) return;
    history.replaceState(null, '', location.pathname + location.search);
    token = found;
    root.dataset.link = 'ready';
  }

  // One key per link and tab: when an answer is lost, the same request can be sent again and has one effect.
  function keyFor(link) {
    const mark = link.slice(0, 8) + '.';
    const kept = readStore('gatehouse.link');
    if (kept !== null && kept.startsWith(mark)) return kept.slice(mark.length);
    const bytes = crypto.getRandomValues(new Uint8Array(24));
    const key = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
    writeStore('gatehouse.link', mark + key);
    return key;
  }

  async function verify(link, triesLeft) {
    try {
      const response = await fetch('/trpc/auth.verifyMagicLink', {
        method: 'POST',
        credentials: 'same-origin',
        headers: { 'content-type': 'application/json', 'idempotency-key': keyFor(link) },
        body: JSON.stringify({ token: link }),
      });
      if (response.status < 500 || triesLeft === 0) return await response.json();
    } catch (error) {
      if (triesLeft === 0) throw error;
    }
    await new Promise((done) => setTimeout(done, 500));
    return verify(link, triesLeft - 1);
  }

  function start() {
    const button = document.querySelector('[data-confirm]');
    const alert = document.querySelector('[data-alert]');
    showAddress();
    if (!button || !alert) return;
    if (token !== null) button.focus();

    function say(message) {
      alert.textContent = message;
      alert.hidden = false;
      alert.focus();
    }

    function refuse(error) {
      const code = error && error.data ? error.data.appCode : '';
      if (code === 'magic_link.other_browser') {
        root.dataset.link = 'other';
        document.querySelector('[data-elsewhere]').focus();
        return;
      }
      // What a later try can change keeps its button; for the rest there is the form below.
      const mayRetry = !error || !error.data || error.data.retryAfter > 0 || error.data.httpStatus >= 500;
      if (!mayRetry) {
        token = null;
        delete root.dataset.link;
      }
      say(error && error.message ? error.message : 'The answer was not readable. Try again.');
    }

    button.addEventListener('click', async () => {
      if (token === null || button.getAttribute('aria-disabled') === 'true') return;
      button.setAttribute('aria-disabled', 'true');
      alert.hidden = true;
      try {
        const answer = await verify(token, 1);
        if (answer.result) {
          location.replace(answer.result.data.redirectUrl || '/account');
          return;
        }
        refuse(answer.error);
      } catch {
        say('The service could not be reached. Look at your connection and try again.');
      }
      button.removeAttribute('aria-disabled');
    });
  }

  // The address stays in this tab: neither in the URL nor in a cookie.
  function showAddress() {
    const form = document.querySelector('form[data-ask]');
    if (form) form.addEventListener('submit', () => writeStore('gatehouse.address', form.elements.email.value.trim()));
    const shown = document.querySelector('[data-address]');
    const address = readStore('gatehouse.address');
    if (shown && address) shown.textContent = address;
  }

  takeToken();
  // A link opened while this page is shown changes the fragment alone.
  addEventListener('hashchange', () => {
    takeToken();
    if (token !== null) document.querySelector('[data-confirm]').focus();
  });
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', start);
  else start();
})();
`;
