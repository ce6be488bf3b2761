import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { SettingError } from '../../../src/lib/keys.ts';
import { createCloudflareMailer } from '../../../src/mail/cloudflare.ts';
import { createMailer } from '../../../src/mail/create-mailer.ts';
import { checkMessage, MailError, type MailMessage } from '../../../src/mail/mailer.ts';
import { createResendMailer } from '../../../src/mail/resend.ts';

const message: MailMessage = { to: 'ada@example.com', subject: 'Hello', text: 'Hi.', html: '<p>Hi.</p>' };
const sender = { email: 'noreply@example.com', name: 'Acme' };

/** The error that sending fails with. */
async function failure(sending: Promise<void>): Promise<MailError> {
  const error: unknown = await sending.then(
    () => new Error('It was sent.'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof MailError)) throw error;
  return error;
}

interface Received {
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

/** A stand-in for Resend on loopback: answers as told and remembers what came. */
async function listen(answer: (response: ServerResponse) => void) {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      received.push({ headers: request.headers, body: JSON.parse(body) });
      answer(response);
    });
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;
  return {
    received,
    endpoint: `http://127.0.0.1:${port}/emails`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

describe('the check of a message', () => {
  it.each([
    ['a second recipient', { to: 'ada@example.com, b@evil.example' }],
    ['a display name', { to: 'Ada <ada@example.com>' }],
    ['a header after the recipient', { to: 'ada@example.com\r\nBcc: b@evil.example' }],
    ['a recipient with a trailing line feed', { to: 'ada@example.com\n' }],
    ['a header after the subject', { subject: 'Hello\r\nBcc: b@evil.example' }],
    ['a bare line feed in the subject', { subject: 'Hello\nX: y' }],
    ['a bare carriage return in the subject', { subject: 'Hello\rX: y' }],
    ['U+0000 in the subject', { subject: 'Hello\0' }],
    ['a line separator in the subject', { subject: 'Hello\u2028X: y' }],
    ['a lone surrogate in the subject', { subject: '\ud800' }],
    ['no subject', { subject: ' ' }],
    ['a subject without end', { subject: 'a'.repeat(201) }],
    ['no text', { text: '' }],
    ['U+0000 in the text', { text: 'a\0' }],
    ['no HTML', { html: '' }],
  ])('refuses %s', (_, wrong) => {
    expect(() => checkMessage({ ...message, ...wrong })).toThrow(MailError);
  });

  it('lets no header through, whatever is put into recipient and subject', () => {
    const noise = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(noise, noise, fc.constantFrom('\r', '\n', '\r\n', '\0', '\x85'), (before, after, breaker) => {
        const broken = `${before}${breaker}${after}`;
        expect(() => checkMessage({ ...message, subject: `x${broken}x` })).toThrow(MailError);
        expect(() => checkMessage({ ...message, to: `ada${broken}@example.com` })).toThrow(MailError);
      }),
    );
  });
});

describe('sending by Resend', () => {
  it('posts the message with the key, to one recipient', async () => {
    await using server = await listen((response) => response.end('{"id":"1"}'));
    await createResendMailer({ apiKey: 're_key', sender, endpoint: server.endpoint }).send(message);
    expect(server.received).toHaveLength(1);
    expect(server.received[0]?.headers.authorization).toBe('Bearer re_key');
    expect(server.received[0]?.body).toEqual({
      ...message,
      from: '"Acme" <noreply@example.com>',
      to: ['ada@example.com'],
    });
  });

  it('quotes the name of the sender', async () => {
    await using server = await listen((response) => response.end('{}'));
    const named = { ...sender, name: 'a" <b@evil.example> \\' };
    await createResendMailer({ apiKey: 'k', sender: named, endpoint: server.endpoint }).send(message);
    expect(server.received[0]?.body).toMatchObject({ from: '"a\\" <b@evil.example> \\\\" <noreply@example.com>' });
  });

  it.each([
    [400, 'rejected'],
    [401, 'rejected'],
    [403, 'rejected'],
    [422, 'rejected'],
    [302, 'rejected'],
    [429, 'unavailable'],
    [500, 'unavailable'],
    [503, 'unavailable'],
  ])('calls an answer of %i %s, and tells nobody what the answer said', async (status, code) => {
    await using server = await listen((response) => {
      response
        .writeHead(status, { location: 'https://evil.example' })
        .end('{"message":"ada@example.com is not allowed"}');
    });
    const error = await failure(
      createResendMailer({ apiKey: 're_key', sender, endpoint: server.endpoint }).send(message),
    );
    expect(error.code).toBe(code);
    expect(error.message).toContain(String(status));
    expect(JSON.stringify([error.message, error.stack, error.cause])).not.toMatch(/ada@|re_key|Hello/);
  });

  it('gives up on an answer that does not come', async () => {
    await using server = await listen(() => {});
    const mailer = createResendMailer({ apiKey: 'k', sender, endpoint: server.endpoint, timeoutMs: 50 });
    expect((await failure(mailer.send(message))).message).toBe('Resend did not answer in time.');
  });

  it('says so when there is nobody to reach', async () => {
    let endpoint = '';
    {
      await using server = await listen(() => {});
      endpoint = server.endpoint;
    }
    const error = await failure(createResendMailer({ apiKey: 'k', sender, endpoint }).send(message));
    expect([error.code, error.message]).toEqual(['unavailable', 'Resend could not be reached.']);
  });

  it('sends nothing that does not pass the check', async () => {
    await using server = await listen((response) => response.end('{}'));
    const mailer = createResendMailer({ apiKey: 'k', sender, endpoint: server.endpoint });
    expect((await failure(mailer.send({ ...message, subject: 'a\nb' }))).code).toBe('invalid');
    expect(server.received).toHaveLength(0);
  });
});

describe("sending by Cloudflare's binding", () => {
  it('hands over the structured form', async () => {
    const sent: unknown[] = [];
    const binding = { send: async (mail: unknown) => sent.push(mail) };
    await createCloudflareMailer(binding, sender).send(message);
    await createCloudflareMailer(binding, { email: sender.email }).send(message);
    expect(sent).toEqual([
      { ...message, from: { email: 'noreply@example.com', name: 'Acme' } },
      { ...message, from: 'noreply@example.com' },
    ]);
  });

  it.each([
    ['E_RECIPIENT_SUPPRESSED', 'rejected'],
    ['E_SENDER_NOT_VERIFIED', 'rejected'],
    ['E_RATE_LIMIT_EXCEEDED', 'unavailable'],
    ['E_INTERNAL_SERVER_ERROR', 'unavailable'],
    ['ada@example.com', 'unavailable'],
    [undefined, 'unavailable'],
  ])('calls %s %s, and repeats no address', async (code, expected) => {
    const refused = Object.assign(new Error('ada@example.com bounced'), { code });
    const binding = { send: async () => Promise.reject(refused) };
    const error = await failure(createCloudflareMailer(binding, sender).send(message));
    expect(error.code).toBe(expected);
    expect(JSON.stringify([error.message, error.stack, error.cause])).not.toContain('ada@');
  });
});

describe('the choice of a mailer', () => {
  it('keeps mail in the mailbox in development, even when a carrier is set', async () => {
    const kept: MailMessage[] = [];
    const mailbox = { getByName: () => ({ add: (mail: MailMessage) => void kept.push(mail) }) };
    const email = { send: async () => Promise.reject(new Error('A real mail left development.')) };
    await createMailer({ environment: 'development', sender, mailbox, email, resendApiKey: 'k' }).send(message);
    expect(kept).toEqual([message]);
  });

  it("takes Cloudflare's binding in production, unless a key of Resend is set", async () => {
    const sent: unknown[] = [];
    const email = { send: async (mail: unknown) => sent.push(mail) };
    await createMailer({ environment: 'production', sender, email }).send(message);
    expect(sent).toHaveLength(1);
    createMailer({ environment: 'production', sender, email, resendApiKey: 'k' });
  });

  it.each([
    ['EMAIL', { environment: 'production', sender }],
    ['DEVELOPMENT_MAILBOX', { environment: 'development', sender }],
    ['MAIL_FROM', { environment: 'production', sender: { email: 'a@b.example, c@d.example' } }],
    ['PRODUCT_NAME', { environment: 'production', sender: { email: 'a@b.example', name: 'A\r\nBcc: x@y.example' } }],
  ] as const)('names %s when that is what is wrong', (setting, settings) => {
    expect(() => createMailer(settings)).toThrow(SettingError);
    expect(() => createMailer(settings)).toThrow(new RegExp(`^${setting} `));
  });
});
