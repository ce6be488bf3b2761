import { describe, expect, it } from 'vitest';

import { emailChangeMail } from '../../../../src/mail/templates/email-change.ts';
import { signInMail } from '../../../../src/mail/templates/sign-in.ts';
import { stepUpMail } from '../../../../src/mail/templates/step-up.ts';
import { proof, visibleText } from './mails.ts';

type Proof = { link: string; code: string; minutes: number };

const productName = 'Acme';
const mails = [
  {
    name: 'sign-in',
    make: (given: Proof) => signInMail({ kind: 'sign_in', productName, ...given }),
    subject: 'Sign in to Acme',
    label: 'Sign in',
    purpose: 'to sign in',
    unasked: 'ignore this mail and pass the code on to nobody',
  },
  {
    name: 'sign-up',
    make: (given: Proof) => signInMail({ kind: 'sign_up', productName, ...given }),
    subject: 'Finish signing up for Acme',
    label: 'Create my account',
    purpose: 'to create your account and sign in',
    unasked: 'ignore this mail and pass the code on to nobody',
  },
  {
    name: 'step-up',
    make: (given: Proof) => stepUpMail({ productName, ...given }),
    subject: 'Confirm that it is you at Acme',
    label: 'It is me',
    purpose: 'signed in to your Acme account is about to change something important',
    unasked: 'Somebody else may be signed in',
  },
  {
    name: 'email change',
    make: (given: Proof) => emailChangeMail({ kind: 'confirm', productName, ...given }),
    subject: 'Confirm your new address for Acme',
    label: 'Confirm this address',
    purpose: 'asked to make this the address of an account at Acme',
    unasked: 'ignore this mail and pass the code on to nobody',
  },
];

describe.each(mails)('the $name mail', ({ make, subject, label, purpose, unasked }) => {
  it('carries purpose, code, expiry and what to do if nobody asked in both parts', () => {
    const mail = make(proof);
    expect(mail.subject).toBe(subject);
    for (const part of [mail.text, visibleText(mail.html)]) {
      for (const said of [purpose, unasked, 'It works once.', 'The link and the code are good for 10 minutes.']) {
        expect(part).toContain(said);
      }
      expect(part).toMatch(/only at account\.example\.com:\n+012345\n/);
    }
  });

  it('has the link on a line of its own in the text, and behind a button in the HTML', () => {
    const { text, html } = make(proof);
    expect(text).toContain(`\n${proof.link}\n`);
    expect(html).toContain(`href="${proof.link.replaceAll('&', '&amp;')}"`);
    expect(html).toContain(`>${label}</a>`);
  });

  it('says "1 minute"', () => {
    expect(make({ ...proof, minutes: 1 }).text).toContain('good for 1 minute.');
  });

  it.each([
    ['a script as link', { link: 'javascript:alert(1)' }],
    ['a data link', { link: 'data:text/html,<b>x</b>' }],
    ['a link of two lines', { link: 'https://account.example.com/\nhttps://evil.example' }],
    ['a link without a scheme', { link: 'account.example.com' }],
    ['a code with markup', { code: '<b>1</b>' }],
    ['a code with more digits than ours', { code: '12345678901' }],
    ['minutes that are none', { minutes: 0 }],
    ['half a minute', { minutes: 0.5 }],
  ])('refuses %s', (_, wrong) => {
    expect(() => make({ ...proof, ...wrong })).toThrow(TypeError);
  });
});

describe('the mail without a proof', () => {
  it.each([
    ['where sign-up is closed', signInMail({ kind: 'sign_up_closed', productName }), 'new accounts are not open'],
    ['to an address that is taken', emailChangeMail({ kind: 'taken', productName }), 'so nothing was changed'],
  ])('%s says so, without a link or a code', (_, { text, html }, said) => {
    for (const part of [text, html]) {
      expect(part).toContain(said);
      expect(part).toContain('ignore this mail');
      expect(part).not.toMatch(/https?:|href|\d{4,}\./);
    }
  });

  it('tells the reader of a taken address what to do instead', () => {
    expect(emailChangeMail({ kind: 'taken', productName }).text).toContain('choose another');
  });
});
