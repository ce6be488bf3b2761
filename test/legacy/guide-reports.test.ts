import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const guide = readFileSync('docs/migration-guide.md', 'utf8');

describe('the reports of the legacy commands', () => {
  const sources = readdirSync('src/db/legacy').map((file) => readFileSync(join('src/db/legacy', file), 'utf8'));
  const code =
    /(?:refusal|warning|say)\(\s*'([a-z_]+\.[a-z_]+)'|code: (?:\w+ \? )?'([a-z_]+\.[a-z_]+)'(?: : '([a-z_]+\.[a-z_]+)')?/g;
  const codes = sources.flatMap((text) => [...text.matchAll(code)].flatMap(([, ...found]) => found.filter(Boolean)));

  it('are found in the sources', () => {
    expect(codes).toEqual(expect.arrayContaining(['email.duplicate', 'foreign_key.stuck', 'user.missing']));
  });

  it.each([...new Set(codes)])('are explained in the guide: %s', (name) => {
    expect(guide).toContain(`\`${name}\``);
  });
});
