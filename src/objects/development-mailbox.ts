import { DurableObject } from 'cloudflare:workers';

import type { MailMessage } from '../mail/mailer.ts';

/** A kept mail. `sentAt` is ISO 8601, UTC. */
export interface StoredMail extends MailMessage {
  readonly id: number;
  readonly sentAt: string;
}

const KEEP = 100;

/**
 * The mailbox of `npm run dev`: it keeps the last 100 mails instead of sending them. An object, since the memory of a
 * Worker belongs to one isolate. Bound in development only.
 */
export class DevelopmentMailbox extends DurableObject<unknown> {
  readonly #sql = this.#prepared();

  /** Keeps a mail and drops the oldest beyond a hundred. */
  add(message: MailMessage): void {
    const { to, subject, text, html } = message;
    const sentAt = new Date().toISOString();
    this.#sql.exec('insert into mails values (null, ?, ?, ?, ?, ?)', to, subject, text, html, sentAt);
    this.#sql.exec('delete from mails where id <= (select max(id) from mails) - ?', KEEP);
  }

  /** The kept mails, newest first; with `to`, those of one address, in any case. */
  list(to?: string): StoredMail[] {
    const found = this.#sql.exec<StoredMail & Record<string, string | number>>(
      `select id, recipient as "to", subject, text, html, sent_at as "sentAt" from mails
       where ?1 is null or lower(recipient) = lower(?1) order by id desc`,
      to ?? null,
    );
    return found.toArray();
  }

  /** Empties the mailbox. */
  clear(): void {
    this.#sql.exec('delete from mails');
  }

  #prepared(): DurableObjectState['storage']['sql'] {
    const { sql } = this.ctx.storage;
    sql.exec(`create table if not exists mails (
      id integer primary key autoincrement, recipient text not null, subject text not null,
      text text not null, html text not null, sent_at text not null)`);
    return sql;
  }
}
