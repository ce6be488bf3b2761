/** What must be written into a user's legacy row, so that it says what ours say now. Pure. */
import { PROFILE, type Slot, SLOTS } from './columns.ts';
import type { PlannedIntegration } from './plan-user.ts';
import { canHold, emptyOf, spellBoolean, spellScopes } from './rollback-cells.ts';
import { type Clocks, spellMoment } from './rollback-dates.ts';
import type { OpenedLink } from './rollback-open.ts';
import type { TwoSides } from './rollback-read.ts';
import type { LegacyTable, TableColumn } from './rollback-table.ts';

/** What goes back. A column that is not named keeps what it has, byte for byte. */
export interface LegacyChange {
  readonly id: string;
  readonly columns: Readonly<Record<string, string | null>>;
  /** Of ours, without a column that can hold them: profile fields, and services. */
  readonly unheld: readonly string[];
  /** Links of which everything is in the legacy row now. */
  readonly wholly: readonly string[];
}

/** A value as it was when it was moved, and as it is now; both as the text of one meaning. */
interface Pair {
  readonly field: string;
  readonly before: string | null;
  readonly now: string | null;
  readonly spell?: (column: TableColumn, like: string | null) => string;
}

/** Compares a user with its legacy row. `links` are the user's, opened, in the order of `TwoSides.links`. */
export function legacyChange(table: LegacyTable, user: TwoSides, links: readonly OpenedLink[]): LegacyChange {
  const columns: Record<string, string | null> = {};
  const unheld: string[] = [];
  /** Writes what differs; says whether the row holds all of it then. */
  const write = (use: 'profile' | Slot, pairs: readonly Pair[]): boolean => {
    let isHeld = true;
    for (const pair of pairs.filter(({ before, now }) => before !== now)) {
      const column = table.columns.find((one) => one.use === use && one.field === pair.field);
      const text = column && spell(column, pair, user.old?.[column.name] ?? null);
      const fits = text !== undefined && column !== undefined && canHold(column.type, text);
      // An old id would be another's; an old name is still somebody's.
      if (column && (fits || use !== 'profile' || user.old === null))
        columns[column.name] = fits ? text : emptyOf(column);
      isHeld &&= pair.now === null || fits;
    }
    return isHeld;
  };
  if (!write('profile', profilePairs(user))) unheld.push('profile');
  const wholly = SLOTS.flatMap((slot) => {
    const { chosen, pending, pairs } = slotPairs(
      user,
      slot,
      links.filter((link) => link.slot === slot),
    );
    const isHeld = write(slot, pairs);
    if (!isHeld) unheld.push(slot);
    const back = [chosen, pending].filter((link) => link !== undefined && isHeld && saysNothingMore(link));
    return back.flatMap((link) => link?.id ?? []);
  });
  return { id: user.id, columns, unheld, wholly: [...new Set(wholly)] };
}

function spell(column: TableColumn, { now, spell: spelled }: Pair, like: string | null): string | null {
  if (now === null) return emptyOf(column);
  return spelled ? spelled(column, like) : now;
}

function profilePairs({ id, old, moved, movedMoments, now, createdAt, isCreatedByRun }: TwoSides): Pair[] {
  const fields = Object.keys(PROFILE).filter((field) => field !== 'id' && field !== 'created_at');
  const wasEmpty = old !== null && moved.createdAt === null && isCreatedByRun;
  return [
    ...(old === null ? [{ field: 'id', before: null, now: id }] : []),
    ...fields.map((field) => ({ field, before: moved.profile[field] ?? null, now: now[field] ?? null })),
    {
      field: 'created_at',
      before: wasEmpty ? createdAt.utc : (movedMoments['createdAt'] ?? null),
      now: createdAt.utc,
      spell: (column, like) => spellMoment(createdAt, column.type, like),
    },
  ];
}

interface SlotPairs {
  readonly chosen: OpenedLink | undefined;
  /** Not active, but what its row says is in the columns: a sign-up that was begun. */
  readonly pending: OpenedLink | undefined;
  readonly pairs: readonly Pair[];
}

function slotPairs(user: TwoSides, slot: Slot, links: readonly OpenedLink[]): SlotPairs {
  const before = user.moved.integrations.find((integration) => integration.slot === slot);
  // "Has it" means "is not null" to legacy readers: of what is disconnected the columns say nothing.
  const chosen = links.find(({ isActive }) => isActive);
  if (slot === 'signal') return { chosen, pending: undefined, pairs: [idPair('signal_source_uuid', before, chosen)] };
  if (slot !== 'telegram') return { chosen, pending: undefined, pairs: grantPairs(user, before, chosen) };
  const source = chosen?.signUpToken ? chosen : links.find(({ signUpToken }) => signUpToken !== null);
  const pending = source !== chosen && source?.externalUserId === null ? source : undefined;
  const signUp = (credentials: string | null | undefined): string | null =>
    credentials ? String((JSON.parse(credentials) as Record<string, unknown>)['telegram_signup_token']) : null;
  return {
    chosen,
    pending,
    pairs: [
      idPair('telegram_id', before, chosen),
      { field: 'telegram_signup_token', before: signUp(before?.credentials), now: source?.signUpToken ?? null },
    ],
  };
}

function idPair(field: string, before: PlannedIntegration | undefined, now: OpenedLink | undefined): Pair {
  return { field, before: before?.externalUserId ?? null, now: now?.externalUserId ?? null };
}

function grantPairs(user: TwoSides, before: PlannedIntegration | undefined, now: OpenedLink | undefined): Pair[] {
  const grant = before?.grant;
  const scopes = now?.scopes || null;
  const ends: Clocks | null = now?.accessToken ? now.ends : null;
  // "Not expired" and "nothing said" mean the same: what the row says of it stays.
  const said = now && !now.isRefreshExpired ? 'false' : null;
  const expired = { before: grant?.isExpired ? 'true' : said, now: now?.isRefreshExpired ? 'true' : said };
  return [
    { field: 'access_token', before: grant?.accessToken ?? null, now: now?.accessToken ?? null },
    { field: 'refresh_token', before: grant?.refreshToken ?? null, now: now?.refreshToken ?? null },
    { field: 'client_id', before: grant?.clientId ?? null, now: now?.clientId ?? null },
    { field: 'client_secret', before: grant?.clientSecret ?? null, now: now?.clientSecret ?? null },
    { field: 'auth_code', before: before?.authCode ?? null, now: now?.authCode || null },
    {
      field: 'token_expiration_date',
      before: grant?.accessToken && before ? (user.movedMoments[before.slot] ?? null) : null,
      now: ends?.utc ?? null,
      spell: (column, like) => (ends ? spellMoment(ends, column.type, like) : ''),
    },
    { field: 'refresh_expired', ...expired, spell: (column) => spellBoolean(column, expired.now === 'true') },
    { field: 'granted_scopes', before: grant?.scopes || null, now: scopes, spell: spellScopes(scopes ?? '') },
  ];
}

/** Whether the legacy columns are all that there is to say of a link. */
function saysNothingMore(link: OpenedLink): boolean {
  const isGoogle = link.slot === 'gmail' || link.slot === 'google_calendar';
  if (link.saysMore || link.hasOtherCredentials) return false;
  if (!isGoogle) return link.accountId === null && link.authCode === null;
  return (
    link.externalUserId === null &&
    link.signUpToken === null &&
    (link.accountId ?? 'unverified:').startsWith('unverified:')
  );
}
