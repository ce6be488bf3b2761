import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { newApiToken } from '../../src/lib/api-token.ts';
import { SESSION_PREFIX } from '../../src/lib/credentials.ts';
import { randomSecret } from '../../src/lib/secrets.ts';

const page = readFileSync('docs/api-tokens.md', 'utf8');
const found = (pattern: RegExp) => pattern.exec(page)?.[1] ?? 'nothing';

describe('what docs/api-tokens.md says about secret scanning', () => {
  it.each([
    ['the pattern', found(/^The pattern is `(.+)`/m)],
    ['GitHub’s', found(/^```\n(.+)\n```/m)],
    ['the rule of gitleaks', found(/^regex = '''(.+)'''$/m)],
  ])('finds every API token: %s', (_, pattern) => {
    for (let i = 0; i < 100; i += 1) {
      const token = newApiToken();
      expect(new RegExp(pattern).exec(`TOKEN="${token}"\n`)?.[0]).toBe(token);
    }
    expect(new RegExp(pattern).test(`gtk_${'a'.repeat(35)} gts_${'a'.repeat(43)}`)).toBe(false);
  });

  it('finds every session secret', () => {
    const pattern = new RegExp(found(/begin with `gts_` \(`(.+?)`/));
    const secret = SESSION_PREFIX + randomSecret();
    expect(pattern.exec(` ${secret}`)?.[0]).toBe(secret);
  });

  it('prints tokens and no look-alikes, by the lines of code it gives', () => {
    const code = found(/^```js\n(.+?)^```/ms);
    const tokens = Array.from({ length: 20 }, newApiToken);
    const input = `${tokens.join(', ')}; gtk_${'a'.repeat(36)} ${newApiToken().slice(0, -1)}`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      input,
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(stdout.trim().split('\n')).toEqual(tokens);
  });
});
