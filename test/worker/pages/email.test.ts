import { describe, expect, it } from 'vitest';
import { newId } from '../../../src/lib/ids.ts';
import { newPerson, type Person } from '../../support/owner.ts';
import { owner, readMail } from '../../support/worker.ts';
import { asking, browse, cookiesOf, nonceOf, open, post, textOf } from './browse.ts';

const newEmail = () => `${newId()}@example.com`;

async function askFor(me: Person, email: string) {
  const nonce = nonceOf(await open(me));
  const answer = await post('/account/email', { email, nonce }, asking(me));
  return { answer, cookie: `${asking(me).cookie}; ${cookiesOf(answer)}`, mail: await readMail(email.trim()) };
}

describe('changing the address', () => {
  it('counts once the code of the mail to the new one is typed, without a script, and the old one is told', async () => {
    const [me, email] = [await newPerson(owner), newEmail()];
    const { answer, cookie, mail } = await askFor(me, ` ${email} `);
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/account/email']);
    expect(await open(me)).toContain(me.email);
    const page = await (await browse('/account/email', { headers: { cookie } })).text();
    // The address stays in the tab that it was typed in.
    expect(page).not.toContain(email);
    const done = await post('/account/email/code', { code: mail?.code ?? '', nonce: nonceOf(page) }, { cookie });
    expect([done.status, done.headers.get('location')]).toEqual([303, '/account?done=email']);
    const after = await open(me, '/account?done=email');
    expect(after).toContain('Your e-mail address is changed.');
    expect(textOf(after)).toContain(`Signed in as ${email}`);
    expect((await readMail(me.email))?.text).toContain('/not-me#token=');
  });

  it('says the same of an address that is another account’s: its mailbox alone learns', async () => {
    const [me, other] = [await newPerson(owner), await newPerson(owner)];
    const { answer, mail } = await askFor(me, other.email);
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/account/email']);
    expect(mail?.code).toBe('');
    expect(await open(me)).toContain(me.email);
  });

  it.each(['', 'ada', 'ada@localhost', 'a@example.com, b@example.com', 'a\0b@example.com'])(
    'to "%s" is refused beside the field, and what was typed stays',
    async (email) => {
      const { answer } = await askFor(await newPerson(owner), email);
      expect(answer.status).toBe(400);
      const page = await answer.text();
      expect(page).toContain('id="new_email-problem"');
      expect(page).toContain('That is not an e-mail address we can write to');
      if (email === 'ada@localhost') expect(page).toContain('value="ada@localhost"');
    },
  );

  it('counts wrong codes in words, and changes nothing by them, or by opening the link', async () => {
    const [me, email] = [await newPerson(owner), newEmail()];
    const { cookie, mail } = await askFor(me, email);
    const wrong = mail?.code === '000000' ? '000001' : '000000';
    const refused = await post('/account/email/code', { code: wrong }, { cookie });
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain('2 tries are left');
    for (const method of ['GET', 'HEAD']) {
      expect((await browse(`/account/email?token=${mail?.token}`, { method, headers: { cookie } })).status).toBe(200);
    }
    expect(await open(me)).toContain(me.email);
  });

  it('is nobody else’s: the code is worth nothing in another session', async () => {
    const [me, thief] = [await newPerson(owner), await newPerson(owner)];
    const { answer, mail } = await askFor(me, newEmail());
    const cookie = `${asking(thief).cookie}; ${cookiesOf(answer)}`;
    const refused = await post('/account/email/code', { code: mail?.code ?? '' }, { cookie });
    expect(refused.status).toBeGreaterThanOrEqual(400);
    expect(await open(thief)).toContain(thief.email);
  });
});

describe('the page of "this wasn’t me"', () => {
  it('does nothing by being opened: it holds no form, and says that it needs a script', async () => {
    const response = await browse('/not-me');
    expect(response.status).toBe(200);
    const page = await response.text();
    expect(page).not.toContain('<form');
    expect(page.match(/<button/g)).toHaveLength(1);
    expect(page).toContain('data-confirm="auth.reportNotMe"');
    // The list and the outcome are the script's to fill: nothing is known before the link's secret is.
    for (const name of ['left', 'undone', 'not-undone']) expect(page).toContain(`data-lines="${name}" hidden`);
    expect(page).toMatch(/<fieldset data-items[^>]* hidden/);
    expect(page).not.toContain('type="checkbox"');
    expect(page).toMatch(/<noscript>.*needs JavaScript/s);
    expect((await browse('/not-me', { method: 'HEAD' })).status).toBe(200);
    expect((await post('/not-me', { token: 'x' })).status).toBe(404);
  });
});
