import { readdirSync, readFileSync } from 'node:fs';
import { type Advisory, advisories } from '../../test/attacks/advisories.ts';

const FOLDER = 'test/attacks';

/** What an advisory is known by: `CVE-2026-1234`, `GHSA-xxxx-xxxx-xxxx`, `better-auth #9690`. */
const ID = /CVE-\d{4}-\d{4,}|GHSA(?:-[0-9a-z]{4}){3}|[\w/-]+ #\d+/g;

/** The title of a test that begins with ids, up to the colon behind them. */
const TITLE = /\(\s*'((?:CVE-|GHSA-|[\w/-]+ #\d)[^'\n]*?): /g;

export const attackHead = ['Advisory', 'Product', 'Lesson', 'Test, or why it does not apply'];

/**
 * A row for each published attack: what it teaches, and the file that makes it here.
 * @throws Error when an attack that applies has no test, one that does not has one, or a test names one that is unknown
 */
export function attackRows(): string[][] {
  const files = filesById();
  const known = advisories.flatMap(({ ids }) => ids);
  const problems = [
    ...known.filter((id, i) => known.indexOf(id) !== i).map((id) => `${id} is in the list twice.`),
    ...[...files].flatMap(([id, names]) =>
      known.includes(id) ? [] : [`${names.join(', ')} names ${id}, which is not in the list.`],
    ),
    ...advisories.flatMap((advisory) => problemOf(advisory, filesOf(advisory, files)) ?? []),
  ];
  if (problems.length > 0)
    throw new Error(`${FOLDER}/advisories.ts and the tests beside it differ:\n${problems.join('\n')}`);
  return advisories.map((advisory) => {
    const names = filesOf(advisory, files).map((name) => `\`${name}\``);
    return [
      advisory.ids.join(', '),
      advisory.product,
      advisory.lesson,
      'reason' in advisory ? advisory.reason : names.join(', '),
    ];
  });
}

function problemOf(advisory: Advisory, names: readonly string[]): string | null {
  const [id] = advisory.ids;
  if ('reason' in advisory) return names.length > 0 ? `${id} does not apply, and ${names.join(', ')} tests it.` : null;
  return names.length > 0 ? null : `${id} applies, and no test is named for it.`;
}

function filesOf({ ids }: Advisory, files: ReadonlyMap<string, readonly string[]>): string[] {
  return [...new Set(ids.flatMap((id) => files.get(id) ?? []))];
}

/** Which files have tests named for an id. */
function filesById(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const name of readdirSync(FOLDER).filter((file) => file.endsWith('.test.ts'))) {
    const file = `${FOLDER}/${name}`;
    const titles = [...readFileSync(file, 'utf8').matchAll(TITLE)].map(([, title = '']) => title);
    const ids = new Set(titles.flatMap((title) => title.match(ID) ?? []));
    for (const id of ids) found.set(id, [...(found.get(id) ?? []), file]);
  }
  return found;
}
