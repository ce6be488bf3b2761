/** Dates as legacy tables hold them: with a zone, without one, or as seconds. */

/** A moment in words that PostgreSQL reads: with its offset, or as a wall clock shows it. */
export type LegacyDate = { readonly zoned: string } | { readonly local: string };

const DAY = String.raw`(?<year>\d{4})-(?<month>\d{2})-(?<day>\d{2})`;
const TIME = String.raw`(?<hour>\d{2}):(?<minute>\d{2})(?::(?<second>\d{2})(?:[.,](?<fraction>\d{1,9}))?)?`;
const ZONE = String.raw`(?<zone>Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)`;
const PATTERN = new RegExp(String.raw`^${DAY}(?:[T ]${TIME}\s?${ZONE}?)?$`, 'i');

/**
 * Reads a date: ISO 8601 and its like (a blank for the T, seconds and zone may lack), or, of a numeric column, the
 * seconds or milliseconds since 1970.
 * @returns null when there is none
 * @throws RangeError when it cannot be read
 */
export function readLegacyDate(text: string | null, isNumeric: boolean): LegacyDate | null {
  const value = text?.trim() ?? '';
  if (value === '') return null;
  if (isNumeric) return { zoned: fromEpoch(Number(value)) };
  const parts = PATTERN.exec(value)?.groups;
  if (!parts || !isReal(parts)) throw new RangeError('not a date');
  const { year, month, day, hour = '00', minute = '00', second = '00', fraction = '0', zone } = parts;
  const local = `${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction.slice(0, 6)}`;
  return zone === undefined ? { local } : { zoned: local + offsetOf(zone) };
}

/** Who wrote milliseconds is told by the size: as seconds they would be far beyond the year 5000. */
function fromEpoch(number: number): string {
  const milliseconds = Math.abs(number) >= 1e11 ? number : number * 1000;
  // Beyond year 9999 the text has another form.
  if (!(milliseconds > -62_135_596_800_000 && milliseconds < 253_402_300_800_000)) throw new RangeError('not a date');
  return new Date(milliseconds).toISOString();
}

/** Whether the day is in the calendar, and the time on the clock. */
function isReal(parts: Record<string, string | undefined>): boolean {
  const [year, month, day, hour, minute, second] = ['year', 'month', 'day', 'hour', 'minute', 'second'].map((part) =>
    Number(parts[part] ?? 0),
  ) as [number, number, number, number, number, number];
  const date = new Date(Date.UTC(year, month - 1, day));
  const isDay = year > 0 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return isDay && hour < 24 && minute < 60 && second < 60 && isOffset(parts['zone']);
}

function isOffset(zone: string | undefined): boolean {
  const [, hours = '0', minutes = '0'] = /^[+-](\d{2}):?(\d{2})?$/.exec(zone ?? '') ?? [];
  return Number(hours) < 16 && Number(minutes) < 60;
}

function offsetOf(zone: string): string {
  return /^[zgu]/i.test(zone) ? 'Z' : zone;
}
