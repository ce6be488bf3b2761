/** What people do, one step each. A step that is refused changes nothing of the model. */
import fc from 'fast-check';
import { expect, vi } from 'vitest';
import { answerToSignIn, registerPasskey, sendSignIn } from '../../support/passkeys.ts';
import { call, newAddress, owner } from '../../support/worker.ts';
import {
  controllerOf,
  type Credential,
  databaseTime,
  type Model,
  type Name,
  names,
  type Player,
  provenAddress,
  readBy,
  throughProvider,
  tokensOf,
  wasReported,
} from './people.ts';

/** Chosen by fast-check: who acts, on what, with which key. Numbers choose among what there is at that time. */
interface Choice {
  readonly who: Name;
  readonly which: number;
  readonly other: number;
  readonly key: number;
}

const choices = fc.record({
  who: fc.constantFrom('alice', 'alice', 'bob', 'mallory', 'mallory'),
  which: fc.nat(11),
  other: fc.nat(11),
  key: fc.nat(3),
});

const pick = <T>(list: readonly T[], index: number): T | undefined => list[index % Math.max(1, list.length)];

/** Keys are few and shared by everybody; with 3 there is none. A key without its caller's secret is the attacker's way. */
function headersOf({ name, caller }: Player, key: number): Record<string, string> {
  const headers: Record<string, string> = { 'cf-connecting-ip': newAddress() };
  if (key === 3) return headers;
  headers['idempotency-key'] = `a-key-that-all-share-${key}`;
  if (name !== 'mallory' || key > 0) headers['idempotency-caller'] = caller;
  return headers;
}

const allAddresses = ({ players }: Model) => names.flatMap((name) => players[name].mailboxes);
const sessionsOf = ({ credentials }: Player) => credentials.filter(({ kind }) => kind === 'session');

/** Somebody is let in by something other than a stolen session: it must be theirs by right. */
async function letIn(model: Model, player: Player, secret: string, by: 'mailbox' | 'credential'): Promise<void> {
  const credential: Credential = { secret, kind: 'session' };
  const userId = await readBy(credential);
  if (userId === null) return;
  const address = await provenAddress(userId);
  const allowed = model.mayRead.get(userId) ?? new Set<Name>();
  if (by === 'mailbox') expect([address, controllerOf(model, address ?? '')]).toEqual([address, player.name]);
  else if (!allowed.has(player.name)) expect(controllerOf(model, address ?? '')).toBe(player.name);
  if (!model.owners.has(userId)) model.owners.set(userId, player.name);
  model.mayRead.set(userId, allowed.add(player.name));
  player.credentials.push(credential);
}

type Step = (model: Model, player: Player, choice: Choice) => Promise<void>;

const steps = {
  async requestLink(model, player, { which, key }) {
    // Five mails an hour go to one address.
    vi.setSystemTime(Date.now() + 13 * 60_000);
    const email = pick(allAddresses(model), which);
    const input = { email, delivery: 'bearer' };
    const { data } = await call<{ requestSecret: string } | undefined>('auth.requestMagicLink', input, {
      headers: headersOf(player, key),
    });
    if (data) player.requestSecrets.push(data.requestSecret);
  },

  async verifyLink(model, player, { which, other, key }) {
    const token = pick(await tokensOf(player), which)?.token;
    const requestSecret = pick(player.requestSecrets.toReversed(), other);
    const { data } = await call<{ sessionToken: string } | undefined>(
      'auth.verifyMagicLink',
      { token, requestSecret, delivery: 'bearer' },
      { headers: headersOf(player, key) },
    );
    if (data?.sessionToken) await letIn(model, player, data.sessionToken, 'mailbox');
  },

  /** The honest way, so that runs get somewhere. */
  async signIn(model, player, { which }) {
    vi.setSystemTime(Date.now() + 13 * 60_000);
    const email = pick(player.mailboxes, which);
    const headers = headersOf(player, 3);
    const asked = await call<{ requestSecret: string } | undefined>(
      'auth.requestMagicLink',
      { email, delivery: 'bearer' },
      { headers },
    );
    const newest = (await tokensOf(player))[0]?.token;
    const { data } = await call<{ sessionToken: string } | undefined>(
      'auth.verifyMagicLink',
      { token: newest, requestSecret: asked.data?.requestSecret, delivery: 'bearer' },
      { headers: headersOf(player, 3) },
    );
    if (data?.sessionToken) await letIn(model, player, data.sessionToken, 'mailbox');
  },

  async requestChange(model, player, { which, other, key }) {
    vi.setSystemTime(Date.now() + 13 * 60_000);
    const session = pick(sessionsOf(player), other)?.secret;
    const email = pick(allAddresses(model), which);
    const { data } = await call<{ requestSecret: string } | undefined>(
      'account.requestEmailChange',
      { email, delivery: 'bearer' },
      { token: session, headers: headersOf(player, key) },
    );
    if (data) player.requestSecrets.push(data.requestSecret);
  },

  async confirmChange(model, player, { which, other, key }) {
    const session = pick(sessionsOf(player), other)?.secret;
    const token = pick(await tokensOf(player), which)?.token;
    for (const requestSecret of player.requestSecrets.slice(-3)) {
      const { data } = await call<{ email: string } | undefined>(
        'account.confirmEmailChange',
        { token, requestSecret },
        { token: session, headers: headersOf(player, key) },
      );
      // Nobody proves an address whose mailbox they do not have.
      if (data?.email) expect([data.email, controllerOf(model, data.email)]).toEqual([data.email, player.name]);
    }
  },

  /** The same in one step, as people do it: to a mailbox of one's own. */
  async moveAddress(model, player, { which, other }) {
    vi.setSystemTime(Date.now() + 13 * 60_000);
    const token = pick(sessionsOf(player).toReversed(), other)?.secret;
    const email = pick(player.mailboxes, which);
    const asked = await call<{ requestSecret: string } | undefined>(
      'account.requestEmailChange',
      { email, delivery: 'bearer' },
      { token, headers: headersOf(player, 3) },
    );
    if (!asked.data) return;
    const proof = { token: (await tokensOf(player))[0]?.token, requestSecret: asked.data.requestSecret };
    const { status } = await call('account.confirmEmailChange', proof, { token, headers: headersOf(player, 3) });
    if (status === 200)
      model.reached.add(`${player.name} moved ${model.hijacked === null ? 'before' : 'after'} the theft`);
  },

  async createToken(_model, player, { other, key }) {
    const session = pick(sessionsOf(player), other)?.secret;
    const { data } = await call<{ token: string } | undefined>(
      'auth.createToken',
      { name: 'a token', scopes: ['profile:read'] },
      { token: session, headers: headersOf(player, key) },
    );
    if (data) player.credentials.push({ secret: data.token, kind: 'token' });
  },

  async addPasskey(_model, player, { other }) {
    const session = pick(sessionsOf(player), other)?.secret;
    if (session === undefined || player.hasPasskey || (await readBy({ secret: session, kind: 'session' })) === null)
      return;
    player.hasPasskey = (await registerPasskey({ token: session }, player.authenticator)).status === 200;
  },

  async signInByPasskey(model, player) {
    if (!player.hasPasskey) return;
    const { data } = await sendSignIn(await answerToSignIn(player.authenticator));
    if (data?.sessionToken) await letIn(model, player, data.sessionToken, 'credential');
  },

  async removePasskeys(_model, player, { other }) {
    const token = pick(sessionsOf(player), other)?.secret;
    const { data } = await call<{ items: { id: string }[] } | undefined>('auth.listPasskeys', undefined, { token });
    for (const { id } of data?.items ?? []) await call('auth.deletePasskey', { passkeyId: id }, { token });
  },

  async linkProvider(_model, player, { other }) {
    const session = pick(sessionsOf(player), other)?.secret;
    if (session === undefined || player.hasLinked) return;
    player.hasLinked = (await throughProvider('auth.startSocialLink', player.account, session)) !== null;
  },

  async signInByProvider(model, player) {
    const session = await throughProvider('auth.startSocialSignIn', player.account);
    if (session !== null) await letIn(model, player, session, 'credential');
  },

  async signOut(_model, player, { other }) {
    await call('auth.signOut', undefined, { token: pick(sessionsOf(player), other)?.secret });
  },

  /** Once a run: a fresh session of the victim's, such as from a machine left open. */
  async stealSession(model) {
    if (model.hijacked !== null) return;
    const { alice, mallory } = model.players;
    for (const stolen of sessionsOf(alice)) {
      const userId = await readBy(stolen);
      const address = userId === null ? null : await provenAddress(userId);
      if (userId === null || model.owners.get(userId) !== 'alice' || address !== alice.mailboxes[0]) continue;
      mallory.credentials.push(stolen);
      model.mayRead.get(userId)?.add('mallory');
      model.hijacked = userId;
      model.stolenAt = await databaseTime();
      model.reached.add('stolen');
      return;
    }
  },

  /** Anybody may report whatever mail they got. */
  async report(_model, player, { which }) {
    const alerts = (await tokensOf(player)).filter(({ text }) => text.includes('/not-me#'));
    const token = pick(alerts, which)?.token;
    await call('auth.reportNotMe', { token }, { headers: headersOf(player, 3) });
  },

  /** The owner reports every mail that came, the oldest first, and signs in at whichever address is the account's. */
  async recover(model, _player, choice) {
    const { alice } = model.players;
    const userId = model.hijacked;
    if (userId === null) return;
    const alerts = (await tokensOf(alice)).filter(({ text }) => text.includes('/not-me#')).toReversed();
    for (const { token } of alerts) await call('auth.reportNotMe', { token }, { headers: headersOf(alice, 3) });
    let isIn = false;
    for (const which of alice.mailboxes.keys()) {
      await steps.signIn(model, alice, { ...choice, which });
      const newest = sessionsOf(alice).at(-1);
      isIn ||= newest !== undefined && (await readBy(newest)) === userId;
    }
    // Where nothing of this account was mailed since the theft, there is nothing to report, and the stolen session lives on.
    if (!isIn || !(await wasReported(model, alerts))) return;
    model.mayRead.get(userId)?.delete('mallory');
    model.reached.add('recovered');
  },

  /** Links run out, and the clean-up takes the rows. */
  async cleanUp(model) {
    const addresses = allAddresses(model);
    await owner.query(
      "update magic_links set expires_at = now() - interval '2 days' where email = any($1) and created_at < now()",
      [addresses],
    );
    await owner.query("select gatehouse.cleanup_batch('magic_links', 1000)");
  },
} satisfies Record<string, Step>;

/** What must hold after every step: whoever reads an account may. */
async function checkReaders(model: Model): Promise<void> {
  for (const name of names) {
    for (const credential of model.players[name].credentials) {
      const userId = await readBy(credential);
      if (userId !== null)
        expect([name, userId, [...(model.mayRead.get(userId) ?? [])]]).toEqual([
          name,
          userId,
          expect.arrayContaining([name]),
        ]);
    }
  }
}

/** The whole run is one list of these. */
type Command = fc.AsyncCommand<Model, object>;

function commandOf([name, step]: [string, Step], choice: Choice): Command {
  return {
    check: () => true,
    run: async (model) => {
      await step(model, model.players[choice.who], choice);
      await checkReaders(model);
    },
    toString: () => `${name}(${choice.who} ${choice.which} ${choice.other} ${choice.key})`,
  };
}

const named: [string, Step][] = Object.entries(steps);
/** Chosen oftener: what a run needs to get somewhere. */
const often = named.filter(([name]) => ['signIn', 'moveAddress', 'report'].includes(name));

/** What may come at any time. */
export const commands = [...named, ...often, ...often].map((step) => choices.map((choice) => commandOf(step, choice)));

const first = { which: 0, other: 0, key: 3 };

/** Alice signs in, and Mallory gets a copy of her session and moves the account to a mailbox of their own. */
export const theft = [
  commandOf(['signIn', steps.signIn], { who: 'alice', ...first }),
  commandOf(['stealSession', steps.stealSession], { who: 'mallory', ...first }),
  commandOf(['moveAddress', steps.moveAddress], { who: 'mallory', ...first }),
];

/** Alice reports it and signs in. */
export const recovery = [commandOf(['recover', steps.recover], { who: 'alice', ...first })];
