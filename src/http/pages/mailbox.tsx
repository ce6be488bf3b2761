import type { Context as HonoContext } from 'hono';
import type { Context } from '../../context.ts';
import { AppError } from '../../errors.ts';
import { developmentMailbox } from '../../mail/development.ts';
import type { StoredMail } from '../../objects/development-mailbox.ts';
import type { AppEnv } from '../open-context.ts';
import { showPage } from './layout.tsx';
import { Moment } from './parts.tsx';

/** The kept mails, newest first. @throws AppError `route.not_found` outside development, whatever is bound */
async function readMailbox({ settings, bindings }: Context, to?: string): Promise<StoredMail[]> {
  const namespace = bindings.DEVELOPMENT_MAILBOX;
  if (settings.environment !== 'development' || !namespace) throw new AppError('route.not_found');
  return developmentMailbox(namespace).list(to);
}

/** GET /dev/mailbox.json?to=… */
export async function listMails(c: HonoContext<AppEnv>): Promise<Response> {
  const mails = await readMailbox(c.get('ctx'), c.req.query('to') || undefined);
  return c.json({ items: mails.map(({ sentAt, ...mail }) => ({ ...mail, sent_at: sentAt })) });
}

/** GET /dev/mailbox/:id: the HTML part of a mail, as a mail program would show it. */
export async function showMailHtml(c: HonoContext<AppEnv>): Promise<Response> {
  const mails = await readMailbox(c.get('ctx'));
  const mail = mails.find(({ id }) => String(id) === c.req.param('id'));
  if (!mail) throw new AppError('route.not_found');
  // Mail programs want inline styles. In a sandbox without scripts and without our origin; its links still lead out.
  const sandbox = 'sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation';
  c.header('content-security-policy', `${sandbox}; default-src 'none'; style-src 'unsafe-inline'; img-src data:`);
  return c.html(mail.html);
}

/** GET /dev/mailbox */
export async function showMailbox(c: HonoContext<AppEnv>): Promise<Response> {
  const mails = await readMailbox(c.get('ctx'), c.req.query('to') || undefined);
  const refresh = c.req.query('refresh') === undefined ? undefined : { seconds: 5 };
  const tools = refresh ? (
    <a href="/dev/mailbox">Stop refreshing</a>
  ) : (
    <a href="/dev/mailbox?refresh">Refresh by itself</a>
  );
  return showPage(c, { title: 'Development mailbox', tools, refresh, content: <MailboxView mails={mails} /> });
}

function MailboxView({ mails }: { mails: readonly StoredMail[] }) {
  return (
    <>
      <div class="head">
        <h1>Development mailbox</h1>
        <p class="soft">
          Mail that would have been sent, newest first. It goes to nobody, and there is no such page in production.
        </p>
      </div>
      {mails.length === 0 ? (
        <p class="card">
          Nothing yet. <a href="/sign-in">Ask for a sign-in link</a>, then look here again.
        </p>
      ) : null}
      {mails.map((mail) => (
        <article class="card stack" aria-labelledby={`mail-${mail.id}`}>
          <div>
            <h2 id={`mail-${mail.id}`}>{mail.subject}</h2>
            <p class="small soft">
              To {mail.to} · <Moment at={mail.sentAt} timeZone="UTC" /> UTC ·{' '}
              <a href={`/dev/mailbox/${mail.id}`}>HTML part</a>
            </p>
          </div>
          <pre class="mail">
            <Linked text={mail.text} />
          </pre>
        </article>
      ))}
    </>
  );
}

/** The text with its web addresses as links. */
function Linked({ text }: { text: string }) {
  return (
    <>{text.split(/(https?:\/\/\S+)/).map((part, index) => (index % 2 === 1 ? <a href={part}>{part}</a> : part))}</>
  );
}
