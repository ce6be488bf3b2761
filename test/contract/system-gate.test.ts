import { globSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

/** Who may make or use a gate without a caller, and why. Each addition is a decision. */
const mayEnterTheSystem = {
  'src/context.ts': 'declares it',
  'src/db/gate.ts': 'makes it',
  'src/domain/auth/passkeys/sign-in.ts': 'before sign-in',
  'src/domain/auth/report-not-me.ts': 'by the secret of a mailed alert',
  'src/domain/auth/request-magic-link.ts': 'before sign-in',
  'src/domain/auth/social/begin.ts': 'before sign-in',
  'src/domain/auth/social/return.ts': 'before sign-in',
  'src/domain/auth/verify-magic-link.ts': 'before sign-in',
  'src/http/oauth-callback.tsx': 'hands it to the way back from a provider',
  'src/http/open-context.ts': 'hands it to public procedures',
  'src/domain/integrations/services.ts': 'the catalogue is for anybody',
  'src/domain/oauth/breaker.ts': 'the state of a connector is nobody’s',
  'src/domain/oauth/identify.ts': 'whose account a grant is, a job asks',
  'src/domain/oauth/refresh-batch.ts': 'the sweep has no caller',
  'src/domain/oauth/refresh-failure.ts': 'a lease is ended whoever took it',
  'src/domain/oauth/refresh.ts': 'a lease is ended whoever took it',
  'src/domain/oauth/reseal.ts': 'key rotation has no caller',
  'src/domain/oauth/revocations.ts': 'a revocation outlives its connection',
  'src/domain/oauth/seal-plain.ts': 'what SQL clients put in, a job seals',
  'src/jobs/cleanup.ts': 'cron',
  'src/jobs/context.ts': 'cron and queue',
  'src/jobs/enqueue-due-connections.ts': 'cron',
  'src/trpc.ts': 'hands it to public procedures',
};

it('only the listed files touch the system gate', () => {
  const files = globSync('src/**/*.{ts,tsx}').filter((file) =>
    /systemGate|enter_system|\bctx\.system\b|\bsystem: Gate\b/.test(readFileSync(file, 'utf8')),
  );
  expect(files.toSorted()).toEqual(Object.keys(mayEnterTheSystem).toSorted());
});

it('only the gate enters', () => {
  const files = globSync('src/**/*.{ts,tsx}').filter((file) => /gatehouse\.enter/.test(readFileSync(file, 'utf8')));
  expect(files).toEqual(['src/db/gate.ts']);
});
