import { readFileSync } from 'node:fs';

import { UsageError } from './arguments.ts';

export type Settings = Readonly<Record<string, string | undefined>>;

/** The environment, with what `.dev.vars` says where the environment says nothing. */
export function loadSettings(environment: Settings, path = '.dev.vars'): Settings {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return environment;
  }
  const merged: Record<string, string | undefined> = { ...parseVars(text) };
  for (const [key, value] of Object.entries(environment)) if (value !== undefined) merged[key] = value;
  return merged;
}

/** KEY=VALUE lines; a value may stand in quotes; lines that begin with # are comments. */
export function parseVars(text: string): Record<string, string> {
  const vars: Record<string, string> = {};
  for (const line of text.split(/\r?\n/)) {
    const found = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*$/.exec(line);
    if (found === null) continue;
    const [, key = '', raw = ''] = found;
    const quoted = /^(["'`])(.*)\1$/.exec(raw);
    vars[key] = quoted?.[2] ?? raw;
  }
  return vars;
}

/** A setting that a command cannot do without. */
export function requireSetting(settings: Settings, name: string): string {
  const value = settings[name];
  if (value !== undefined && value !== '') return value;
  throw new UsageError(`The setting ${name} is missing. Set it in the environment or in .dev.vars.`);
}
