/**
 * A page that was opened by a mailed link. It runs before the page is drawn, so that the link's secret leaves the
 * address bar and the history at once. Opening a link does nothing by itself: mail scanners open links too, and what it
 * is for needs somebody's own act (ASVS 7.6.2); the button sends it.
 *
 * The button says what it is for: `data-confirm` is the procedure, which takes the link's secret as `token`; `data-next`
 * where to go afterwards; without that the page shows that it is done.
 */
export const openedLink = `
  let token = null;
  // What a page adds: more of the input than the secret, and what to show of the answer.
  let moreOfInput = () => ({});
  let whenDone = () => undefined;

  function takeToken() {
    const found = new URLSearchParams(location.hash.slice(1)).get('token');
    if (found === null) return;
    history.replaceState(null, '', location.pathname + location.search);
    token = found;
    root.dataset.link = 'ready';
  }

  // One key per link, input and tab, so that a press after a reload is the same request.
  function keyFor(link, more) {
    const mark = link.slice(0, 8) + JSON.stringify(more) + '.';
    const kept = readStore('gatehouse.link');
    if (kept !== null && kept.startsWith(mark)) return kept.slice(mark.length);
    const key = newKey();
    writeStore('gatehouse.link', mark + key);
    return key;
  }

  function refuseLink(error) {
    if (codeOf(error) === 'magic_link.other_browser') {
      root.dataset.link = 'other';
      find('[data-elsewhere]').focus();
      return;
    }
    // What a later try can change keeps its button; for the rest there is the form below.
    const mayRetry = !error || !error.data || error.data.retryAfter > 0 || error.data.httpStatus >= 500;
    if (!mayRetry) {
      token = null;
      delete root.dataset.link;
    }
    say(wordsOf(error));
  }

  async function sendLink({ confirm, next }) {
    if (token === null) return;
    const more = moreOfInput();
    const answer = await call(confirm, { token, ...more }, keyFor(token, more));
    if (!answer.result) {
      if (!leads(answer.error)) refuseLink(answer.error);
    } else if (next) {
      location.replace(answer.result.data.redirectUrl || next);
    } else {
      whenDone(answer.result.data);
      root.dataset.link = 'done';
      find('[data-done]').focus();
    }
  }

  takeToken();
  // A link opened while this page is shown changes the fragment alone.
  addEventListener('hashchange', () => {
    takeToken();
    if (token !== null) find('[data-confirm]').focus();
  });
  whenReady(() => {
    const button = find('[data-confirm]');
    if (!button) return;
    if (token !== null) button.focus();
    onPress(button, () => sendLink(button.dataset));
  });
`;
