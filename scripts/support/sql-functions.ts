import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const marker = /^-- function: (\S+)$/gm;

/** The readable sources, `<module>/<function>` → SQL, in the order of their names. */
export function readSources(folder = 'src/db/functions'): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.sql'))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
  return new Map(files.map((file) => [relative(folder, file).slice(0, -4), readFileSync(file, 'utf8').trim()]));
}

/** What the migrations last defined under each name. */
export function readMigrated(folder = 'drizzle'): Map<string, string> {
  const migrated = new Map<string, string>();
  const files = readdirSync(folder).filter((name) => /^\d{4}_\w+\.sql$/.test(name));
  for (const file of files.toSorted()) {
    const content = readFileSync(join(folder, file), 'utf8');
    const found = [...content.matchAll(marker)];
    found.forEach((match, i) => {
      const body = content.slice(match.index + match[0].length, found[i + 1]?.index ?? content.length);
      const text = withoutTrailingBreakpoint(body);
      if (text.startsWith('drop function')) migrated.delete(match[1] ?? '');
      else migrated.set(match[1] ?? '', text);
    });
  }
  return migrated;
}

/** Names whose source differs from what the migrations last defined; a removed source counts as well. */
export function changedFunctions(sources: Map<string, string>, migrated: Map<string, string>): string[] {
  const names = new Set([...sources.keys(), ...migrated.keys()]);
  return [...names].filter((name) => sources.get(name) !== migrated.get(name)).toSorted();
}

/** A migration text that defines the given functions, or drops those without a source, each under its marker. */
export function renderUp(names: string[], sources: Map<string, string>, migrated: Map<string, string>): string {
  const steps = names.map((name) => `-- function: ${name}\n${sources.get(name) ?? dropOf(migrated.get(name))}`);
  return `${steps.join('\n--> statement-breakpoint\n')}\n`;
}

/** Its way back: the definition before, or a drop where there was none. */
export function renderDown(names: string[], sources: Map<string, string>, migrated: Map<string, string>): string {
  const steps = names.toReversed().map((name) => migrated.get(name) ?? dropOf(sources.get(name)));
  return `${steps.join('\n--> statement-breakpoint\n')}\n`;
}

function dropOf(source = ''): string {
  const found = /revoke all on function ([^;]+?) from public;/.exec(source);
  if (!found?.[1]) throw new Error('A function file must hold "revoke all on function name(types) from public;".');
  return `drop function ${found[1]};`;
}

function withoutTrailingBreakpoint(text: string): string {
  return text
    .trim()
    .replace(/\n?--> statement-breakpoint$/, '')
    .trim();
}
