/** Reports for people. */
import {
  describeFinding,
  type Finding,
  type FinishResult,
  type LegacyReport,
  type NormalizeResult,
  type RollbackResult,
  type VerifyReport,
} from '../../src/db/legacy/index.ts';
import { count, table } from '../migrate/output.ts';

/** What stands in the way first, each on a line. */
export function findingLines(findings: readonly Finding[]): string[] {
  const sorted = [...findings].sort((a, b) => a.severity.localeCompare(b.severity));
  return sorted.map(
    (finding) => `  ${finding.severity === 'refusal' ? 'refused' : 'note'}  ${describeFinding(finding)}`,
  );
}

export function normalizeLines({ state, runId, report }: NormalizeResult): string[] {
  const { schema } = report;
  const head = {
    normalized: `Normalised "${schema}" (run ${runId ?? ''}).`,
    already_normalized: `"${schema}" is normalised already (run ${runId ?? ''}); nothing was done.`,
    dry_run: `Dry run: "${schema}" would be normalised; nothing was changed.`,
  }[state];
  const then = state === 'normalized' ? [`Next: npm run legacy -- verify --schema ${schema} --all`] : [];
  return [head, ...movedLines(report), ...findingLines(report.findings), ...then];
}

function movedLines({ users, integrations, connections, sealed, unreadableDates, seconds }: LegacyReport): string[] {
  const unreadable = Object.entries(unreadableDates).map(([column, dates]) => [
    `unreadable ${column}`,
    `${dates} (null now)`,
  ]);
  return table([
    ['  users', String(users)],
    ...Object.entries(integrations).map(([service, links]) => [`  ${service}`, String(links)]),
    ['  grants in the vault', String(connections)],
    ['  values sealed', String(sealed)],
    ...unreadable.map(([name = '', value = '']) => [`  ${name}`, value]),
    ...(seconds === undefined ? [] : [['  seconds', String(seconds)]]),
  ]);
}

export function verifyLines(report: VerifyReport): string[] {
  const { schema, isComplete, counts, missing, foreignKeys, sample, services, compared, findings } = report;
  const rows = Object.entries(counts).map(([name, number]) => [`  ${name}`, String(number)]);
  const shown = missing.map(({ issue, count: number, explained }) => [
    `  ${issue}`,
    `${number}${explained === 0 ? '' : `, of which ${explained} explained (an empty text, or deleted since)`}`,
  ]);
  return [
    '1. Rows',
    ...table(rows),
    '2. Users with a credential and without its integration',
    ...(shown.length === 0 ? ['  none'] : table(shown)),
    `3. Foreign keys to users in ${schema}`,
    ...(foreignKeys.length === 0 ? ['  none'] : foreignKeys.map((name) => `  ${name}`)),
    '4. Some integrations',
    ...table([
      ['  EMAIL', 'SERVICE', 'EXTERNAL_USER_ID', 'IS_ACTIVE'],
      ...sample.map((row) => [
        `  ${String(row['email'] ?? '')}`,
        ...['service', 'external_user_id', 'is_active'].map((name) => String(row[name] ?? '')),
      ]),
    ]),
    'Services',
    ...table([
      ['  SERVICE', 'ACTIVE', 'DISCONNECTED', 'WITH TOKENS'],
      ...services.map(({ service, active, inactive, withTokens }) => [
        `  ${service}`,
        ...[active, inactive, withTokens].map(String),
      ]),
    ]),
    `Compared ${count(compared.users, 'user')}: ${count(compared.same, 'integration')} the same, ` +
      `${count(compared.changedSince, 'user')} changed since.`,
    ...findingLines(findings),
    isComplete ? 'Nothing is missing.' : 'Something is missing: see above.',
  ];
}

export function rollbackLines({ state, runId, report }: RollbackResult): string[] {
  const { schema, changed, columns, added, deleted, removed, stayed, foreignKeys, seconds, findings } = report;
  const inColumns = Object.entries(columns).map(([name, number]) => `${name} ${number}`);
  return [
    state === 'dry_run'
      ? `Dry run: "${schema}" would be rolled back; nothing was changed.`
      : `Rolled back "${schema}" (run ${runId}).`,
    ...table([
      ['  rows written back', `${changed}${inColumns.length === 0 ? '' : ` (${inColumns.join(', ')})`}`],
      ['  new users added', String(added)],
      ['  deleted users deleted', String(deleted)],
      ['  foreign keys restored', String(foreignKeys)],
      ['  removed from public.users', String(removed.users)],
      ['  removed from public.user_integrations', String(removed.integrations)],
      ['  users who stay in public.users too', String(stayed)],
      ['  seconds', String(seconds)],
    ]),
    ...findingLines(findings),
  ];
}

export function finishLines({ state, rows, verification }: FinishResult): string[] {
  const { schema, findings } = verification;
  return [
    state === 'dry_run'
      ? `Dry run: "${schema}".users_old (${count(rows, 'row')}) would be dropped; nothing was changed.`
      : `Finished: "${schema}".users_old (${count(rows, 'row')}) is dropped; views and functions stay.`,
    ...findingLines(findings),
  ];
}
