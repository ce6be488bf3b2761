import { expect, it } from 'vitest';
import { canHold, spellScopes } from '../../src/db/legacy/rollback-cells.ts';
import { spellMoment } from '../../src/db/legacy/rollback-dates.ts';
import type { TableColumn } from '../../src/db/legacy/rollback-table.ts';

/** A summer noon in UTC, as Berlin's clocks show it beside. */
const moment = { utc: '2026-07-01 12:00:00.000000', local: '2026-07-01 14:00:00.000000' };

it.each([
  ['text', '2025-10-14 10:00:00', '2026-07-01 14:00:00'],
  ['text', '2025-10-14T10:00', '2026-07-01T14:00:00'],
  ['text', '2025-10-14T10:00:00.000Z', '2026-07-01T12:00:00.000Z'],
  ['text', '2025-10-14 10:00:00+05:30', '2026-07-01 17:30:00+05:30'],
  ['text', '2025-10-14 10:00:00 -0800', '2026-07-01 04:00:00-0800'],
  ['text', 'never', '2026-07-01 14:00:00'],
  ['character varying(40)', null, '2026-07-01 14:00:00'],
  ['timestamp with time zone', null, '2026-07-01 12:00:00.000000+00'],
  ['timestamp without time zone', null, '2026-07-01 14:00:00.000000'],
  ['date', null, '2026-07-01'],
  ['bigint', '1760436000', '1782907200'],
  ['bigint', '1760436000000', '1782907200000'],
  ['integer', null, '1782907200'],
])('a moment goes into %s, where %s stood, as %s', (type, like, spelled) => {
  expect(spellMoment(moment, type, like)).toBe(spelled);
});

it('a fraction of a second is never cut off', () => {
  const exact = { utc: '2026-07-01 12:00:00.250000', local: '2026-07-01 14:00:00.250000' };
  expect(spellMoment(exact, 'text', '2025-10-14 10:00:00')).toBe('2026-07-01 14:00:00.25');
  expect(spellMoment(exact, 'text', '2025-10-14 10:00:00.123Z')).toBe('2026-07-01 12:00:00.250Z');
});

it.each([
  ['text', 'anything', true],
  ['bigint', '123456789', true],
  ['bigint', 'telegram_1', false],
  ['integer', '99999999999', false],
  ['uuid', '01a1fedc-443e-74cd-a372-6d9325ae4ef8', true],
  ['uuid', 'signal_1', false],
  ['character varying(3)', '名é!', true],
  ['character varying(3)', 'four', false],
])('%s holds "%s": %s', (type, text, holds) => {
  expect(canHold(type, text)).toBe(holds);
});

it('scopes are spelled as the row had them', () => {
  const spell = (type: string, like: string | null) => spellScopes('a b"c')({ type } as TableColumn, like);
  expect([
    spell('text', 'x y'),
    spell('text', 'x,y'),
    spell('text', '["x"]'),
    spell('jsonb', null),
    spell('text[]', null),
  ]).toEqual(['a b"c', 'a,b"c', '["a","b\\"c"]', '["a","b\\"c"]', '{"a","b\\"c"}']);
});
