import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { connectOwner, type Owner } from '../support/owner.ts';
import {
  departures,
  requiredFunctions,
  requiredIndexes,
  requiredKeys,
  requiredTables,
  tablesToCome,
} from './requirements.ts';

let owner: Owner;
beforeAll(() => void (owner = connectOwner(inject('worker') as never)));

describe.each(Object.entries(requiredTables))('requirement table %s', (table, columns) => {
  it.each(Object.entries(columns))('has %s as %s', async (column, expected) => {
    const [found] = await owner.query<{ type: string; required: boolean; default: string | null }>(
      `select format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as required, pg_get_expr(d.adbin, d.adrelid) as "default"
         from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where a.attrelid = to_regclass($1) and a.attname = $2 and not a.attisdropped`,
      [table, column],
    );
    const text =
      found &&
      [found.type, found.required ? 'not null' : '', found.default && `default ${found.default}`]
        .filter(Boolean)
        .join(' ');
    const departure = departures[`${table}.${column}`];
    if (departure) expect(text ?? 'absent').toBe(departure.ours);
    else expect(text).toBe(expected);
  });
});

it.each(requiredIndexes)('requirement index %s is there', async (name) => {
  const [found] = await owner.query('select 1 from pg_class where relname = $1 and relkind = $2', [name, 'i']);
  expect(found).toBeDefined();
});

it.each(Object.entries(requiredKeys))('requirement table %s is unique over %j', async (table, columns) => {
  const keys = await owner.query<{ columns: string[] }>(
    `select array(select a.attname::text from unnest(k.conkey) with ordinality n (number, place)
              join pg_attribute a on a.attrelid = k.conrelid and a.attnum = n.number order by n.place) as columns
       from pg_constraint k where k.conrelid = to_regclass($1) and k.contype = 'u'`,
    [table],
  );
  expect(keys).toContainEqual({ columns });
});

it.each(requiredFunctions)('requirement function %s is there', async (name) => {
  const [found] = await owner.query('select to_regprocedure($1) is not null as found', [name]);
  expect(found).toEqual({ found: true });
});

it.each(Object.keys(tablesToCome))(
  'requirement table %s is still to come: once it is made, its columns belong in the list',
  async (table) => {
    expect(await owner.query('select to_regclass($1)::text as name', [table])).toEqual([{ name: null }]);
  },
);

it('every departure stands in its decision record', () => {
  const record = readFileSync('docs/decisions/0004-departures-from-the-requirements.md', 'utf8');
  for (const name of Object.keys(departures)) expect(record).toContain(`\`${name}\``);
});
