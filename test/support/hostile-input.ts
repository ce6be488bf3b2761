import fc from 'fast-check';

/** Values that have broken somebody's service: what PostgreSQL cannot store, what JSON hardly can, the very long. */
export const hostile = fc.oneof(
  fc.constantFrom(
    '\u0000',
    '\ud800',
    '\udfff\ud800',
    '',
    ' ',
    '\u202e',
    "'; drop table users; --",
    '𝕏'.repeat(300),
    'a'.repeat(5000),
  ),
  fc.constantFrom<unknown>(null, true, -1, 0, 1e308, 2 ** 53, {}, [], [[]], { __proto__: null }, { constructor: 1 }),
  fc.string({ unit: 'binary' }),
  fc.jsonValue(),
);

/** The sample with one or more fields replaced, added or taken away; or something else altogether. */
export function mutations(sample: unknown): fc.Arbitrary<unknown> {
  if (typeof sample !== 'object' || sample === null) return hostile;
  const fields = Object.keys(sample);
  const changed = fc
    .dictionary(fc.constantFrom(...fields, '__proto__', 'userId', 'organizationId', 'id'), hostile)
    .map((changes) => ({ ...sample, ...changes }));
  return fc.oneof({ weight: 5, arbitrary: changed }, { weight: 1, arbitrary: hostile });
}
