/** Moments in the words of a legacy column: its type, and the spelling that its row had. */
import { isNumeric } from './columns.ts';

/** A moment as two clocks show it, `YYYY-MM-DD HH:MM:SS.ffffff`: that of UTC, and that of the run's time zone. */
export interface Clocks {
  readonly utc: string;
  readonly local: string;
}

/**
 * The text to write into a column of that type.
 * @param like what the row had: a text is spelled the same way (T or blank, offset, fraction); a new one as ISO without
 * a zone, by the clock of the run's time zone, which is how such texts were read
 */
export function spellMoment(clocks: Clocks, type: string, like: string | null): string {
  if (isNumeric(type)) return spellEpoch(clocks, like);
  if (type.startsWith('timestamp') && type.endsWith('with time zone')) return `${clocks.utc}+00`;
  if (type.startsWith('timestamp')) return clocks.local;
  if (type === 'date') return clocks.local.slice(0, 10);
  const zone = /\d(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)$/i.exec(like?.trim().replace(/\s+(?=\S+$)/, zoneBlank) ?? '')?.[1];
  const digits = /[.,](\d{1,9})/.exec(like ?? '')?.[1]?.length ?? 0;
  const clock = zone === undefined ? clocks.local : shifted(clocks.utc, offsetMinutes(zone));
  const spelled = withFraction(clock, digits) + (zone ?? '');
  return like !== null && /^\d{4}-\d{2}-\d{2}T/i.test(like.trim()) ? spelled.replace(' ', 'T') : spelled;
}

/** A blank before the zone goes, the one between day and time stays. */
function zoneBlank(blank: string, at: number): string {
  return at > 10 ? '' : blank;
}

/** Seconds since 1970, or milliseconds where the row had those. */
function spellEpoch({ utc }: Clocks, like: string | null): string {
  const milliseconds = Date.parse(`${utc.replace(' ', 'T').slice(0, 23)}Z`);
  return String(Math.abs(Number(like ?? 0)) >= 1e11 ? milliseconds : Math.floor(milliseconds / 1000));
}

/** With as many digits as the row had, or as many as the moment needs: none is cut off. */
function withFraction(clock: string, digits: number): string {
  const [seconds = '', fraction = ''] = clock.split('.');
  const needed = fraction.replace(/0+$/, '').length;
  const shown = fraction.padEnd(9, '0').slice(0, Math.max(digits, needed));
  return shown === '' ? seconds : `${seconds}.${shown}`;
}

function offsetMinutes(zone: string): number {
  const found = /^([+-])(\d{2}):?(\d{2})?$/.exec(zone);
  if (!found) return 0;
  return (found[1] === '-' ? -1 : 1) * (Number(found[2]) * 60 + Number(found[3] ?? 0));
}

function shifted(utc: string, minutes: number): string {
  if (minutes === 0) return utc;
  const moved = new Date(Date.parse(`${utc.slice(0, 19).replace(' ', 'T')}Z`) + minutes * 60_000);
  return `${moved.toISOString().slice(0, 19).replace('T', ' ')}${utc.slice(19)}`;
}
