/**
 * /not-me: the list of what a report would undo, each with a box to keep it, and afterwards what came of it. Text alone is
 * put into the page: names are those that somebody else may have chosen.
 */
export const reportList = `
  function lineOf(text) {
    const line = document.createElement('li');
    line.textContent = text;
    return line;
  }

  function showLines(name, lines) {
    const place = find('[data-lines="' + name + '"]');
    place.querySelector('ul').replaceChildren(...lines.map(({ title }) => lineOf(title)));
    place.hidden = lines.length === 0;
  }

  // As the mails write it.
  function timeOf(createdAt) {
    const time = new Date(createdAt);
    const date = { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' };
    return time.toLocaleDateString('en-GB', date) + ', ' + time.toISOString().slice(11, 16) + ' UTC';
  }

  function boxOf({ id, title, createdAt }) {
    const box = document.createElement('input');
    box.type = 'checkbox';
    box.name = 'keep';
    box.value = id;
    const words = document.createElement('span');
    words.textContent = title + ', ' + timeOf(createdAt);
    const label = document.createElement('label');
    label.className = 'tick';
    label.append(box, words);
    return label;
  }

  // Such a mail does nothing.
  const isOutranked = (notUndone) => notUndone.some(({ reason }) => reason === 'email_outranked');

  function showPreview({ isSpent, items, notUndone }) {
    const list = find('[data-items]');
    list.querySelector('div').replaceChildren(...items.map(boxOf));
    list.hidden = items.length === 0;
    find('[data-nothing]').hidden = items.length > 0;
    find('[data-spent]').hidden = !isSpent;
    const isClosed = isSpent || isOutranked(notUndone);
    find('[data-open]').hidden = isClosed;
    find('[data-closed]').hidden = !isSpent;
    showLines('left', notUndone);
  }

  // The button works without the list, too: whoever was robbed must not wait for it.
  async function preview() {
    const asked = token;
    if (asked === null || !find('[data-items]')) return;
    const answer = await call('auth.previewNotMe', { token: asked });
    if (asked !== token) return;
    if (answer.result) {
      showPreview(answer.result.data);
    } else if (codeOf(answer.error) === 'alert.invalid') {
      // Of the link that was open in this tab before.
      showPreview({ isSpent: false, items: [], notUndone: [] });
      refuseLink(answer.error);
    }
  }

  moreOfInput = () => ({
    keep: Array.from(document.querySelectorAll('input[name="keep"]:checked'), (box) => box.value),
  });
  whenDone = ({ isComplete, isRepeated, undone, notUndone }) => {
    showLines('undone', undone);
    showLines('not-undone', notUndone);
    find('[data-ended]').hidden = isRepeated || isOutranked(notUndone);
    find('[data-complete]').hidden = !isComplete || isRepeated;
    find('[data-repeated]').hidden = !isRepeated;
  };
  const tryPreview = () => preview().catch(() => undefined);
  addEventListener('hashchange', tryPreview);
  whenReady(tryPreview);
`;
