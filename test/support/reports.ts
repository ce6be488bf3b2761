/** Hijacks and reports in tests: an address that is changed, the mails about it, and what "this wasn't me" does. */
import { expect } from 'vitest';
import { developmentMailbox } from '../../src/mail/development.ts';
import type { Reported, ReportPreview } from '../../src/domain/auth/report-views.ts';
import { newId } from '../../src/lib/ids.ts';
import { newPerson, type Person } from './owner.ts';
import { call, owner, readMail, workerEnv } from './worker.ts';

/** The settings of a Worker that has counted nothing yet: as if a while had passed since the last mail to an address. */
export function aWhileLater(): { RATE_LIMITER: unknown } {
  const limiters = workerEnv.RATE_LIMITER as unknown as {
    idFromName(name: string): unknown;
    get(id: unknown): unknown;
  };
  const mark = newId();
  const idFromName = (name: string) => limiters.idFromName(`${mark}:${name}`);
  return { RATE_LIMITER: { idFromName, get: (id: unknown) => limiters.get(id) } };
}

/** Somebody whose address has stood for a long time. */
export const newOwner = () => newPerson(owner, { user: { created_at: '2026-01-01T00:00:00Z' } });

/** The address that an account has now. */
export async function emailOf({ userId }: Pick<Person, 'userId'>): Promise<string | undefined> {
  const [row] = await owner.query<{ email: string }>('select email from users where id = $1', [userId]);
  return row?.email;
}

/** Changes the address of whoever holds the session, as who reads the new mailbox; what the confirmation answers. */
export async function moveTo(me: Pick<Person, 'token'>, email: string) {
  const input = { email, delivery: 'bearer' };
  const options = { token: me.token, settings: aWhileLater() };
  const asked = await call<{ requestSecret: string }>('account.requestEmailChange', input, options);
  expect(asked.status, asked.code).toBe(200);
  const proof = { token: (await readMail(email))?.token, requestSecret: asked.data.requestSecret };
  return call<{ email: string }>('account.confirmEmailChange', proof, { token: me.token });
}

/** A mail as it came: what it is about, what it says, and the secret of its link. */
export interface Received {
  readonly subject: string;
  readonly text: string;
  readonly token: string;
}

/** The mails to an address, the newest first. */
export async function mailsTo(to: string): Promise<Received[]> {
  const namespace = workerEnv.DEVELOPMENT_MAILBOX;
  if (!namespace) throw new Error('No development mailbox is bound.');
  const mails = await developmentMailbox(namespace).list(to);
  return mails.map(({ subject, text }) => ({ subject, text, token: /#token=([\w-]+)/.exec(text)?.[1] ?? '' }));
}

/** The newest mail to an address with such a subject. */
export async function mailTo(to: string, subject: RegExp): Promise<Received> {
  const mails = await mailsTo(to);
  const found = mails.find((mail) => subject.test(mail.subject));
  if (!found) throw new Error(`No such mail; there are: ${mails.map((mail) => mail.subject).join(' | ')}`);
  return found;
}

/** Says "this wasn't me" by a mail. */
export const report = ({ token }: Pick<Received, 'token'>, keep?: readonly string[]) =>
  call<Reported>('auth.reportNotMe', { token, keep });

/** Looks at what a report would do. */
export const preview = ({ token }: Pick<Received, 'token'>) => call<ReportPreview>('auth.previewNotMe', { token });
