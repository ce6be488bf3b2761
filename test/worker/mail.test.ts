import { evictDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, it } from 'vitest';

import type { Bindings } from '../../src/env.ts';
import { createCloudflareMailer } from '../../src/mail/cloudflare.ts';
import { createMailer } from '../../src/mail/create-mailer.ts';
import { developmentMailbox } from '../../src/mail/development.ts';
import { signInMail } from '../../src/mail/templates/sign-in.ts';

const { DEVELOPMENT_MAILBOX, EMAIL } = env as unknown as Required<Bindings>;
const sender = { email: 'noreply@example.com', name: 'Acme' };
const mailbox = developmentMailbox(DEVELOPMENT_MAILBOX);
const mailer = createMailer({ environment: 'development', sender, mailbox: DEVELOPMENT_MAILBOX });
const message = { to: 'ada@example.com', subject: 'Hello', text: 'Hi.', html: '<p>Hi.</p>' };

beforeEach(async () => {
  await mailbox.clear();
});

describe('the development mailbox', () => {
  it('keeps what is sent, newest first, with the time', async () => {
    await mailer.send(message);
    await mailer.send({ ...message, subject: 'Second' });
    const mails = await mailbox.list();
    expect(mails.map((mail) => mail.subject)).toEqual(['Second', 'Hello']);
    expect(mails[1]).toEqual({ ...message, id: expect.any(Number), sentAt: expect.stringMatching(/^\d{4}-.*Z$/) });
  });

  it('finds the mails of one address, in any case', async () => {
    await mailer.send(message);
    await mailer.send({ ...message, to: 'bob@example.com' });
    expect((await mailbox.list('ADA@example.com')).map((mail) => mail.to)).toEqual(['ada@example.com']);
    expect(await mailbox.list("' or 1=1 --")).toEqual([]);
  });

  it('keeps the last hundred', async () => {
    for (let sent = 1; sent <= 105; sent += 1) await mailer.send({ ...message, subject: `Mail ${sent}` });
    const mails = await mailbox.list();
    expect(mails).toHaveLength(100);
    expect([mails[0]?.subject, mails[99]?.subject]).toEqual(['Mail 105', 'Mail 6']);
  });

  it('keeps them over a restart', async () => {
    await mailer.send(message);
    await evictDurableObject(mailbox);
    expect(await developmentMailbox(DEVELOPMENT_MAILBOX).list()).toHaveLength(1);
  });

  it('refuses what a real carrier must not be given', async () => {
    await expect(mailer.send({ ...message, subject: 'a\r\nBcc: b@evil.example' })).rejects.toMatchObject({
      code: 'invalid',
    });
    expect(await mailbox.list()).toEqual([]);
  });
});

describe("Cloudflare's binding on workerd", () => {
  it('takes the sign-in mail in its structured form', async () => {
    const link = 'https://account.example.com/sign-in#token=x';
    const mail = signInMail({ kind: 'sign_in', productName: 'Acme', link, code: '123456', minutes: 10 });
    await createCloudflareMailer(EMAIL, sender).send({ to: 'ada@example.com', ...mail });
  });
});
