import { inject } from 'vitest';
import { connectOwner, type Owner } from '../../support/owner.ts';
import { connectSqlClient, newUser, type SqlClient } from '../../support/sql-client.ts';

/** What the tests of requirement 1's functions share: a SQL client as the document has it, and the owner to look behind. */
export interface Stage {
  readonly owner: Owner;
  readonly sql: SqlClient;
  /** Another role, with settings of its transaction. */
  as(role: string, context?: Readonly<Record<string, string>>): SqlClient;
  user(): Promise<string>;
  /** The grant of an integration in the vault. */
  grantOf(integrationId: string): Promise<Record<string, unknown> | undefined>;
}

export function openStage(): Stage {
  const settings = inject('worker') as never;
  const owner = connectOwner(settings);
  return {
    owner,
    sql: connectSqlClient(settings),
    as: (role, context) => connectSqlClient(settings, role, context),
    user: () => newUser(owner),
    grantOf: async (integrationId) =>
      (
        await owner.query(
          `select c.* from user_integrations ui
             join oauth_connections c on c.user_id = ui.user_id and c.id = ui.connection_id where ui.id = $1`,
          [integrationId],
        )
      )[0],
  };
}

/** In one hour, and one hour ago, as a client writes it. */
export const soon = (): string => new Date(Date.now() + 3_600_000).toISOString();
export const past = (): string => new Date(Date.now() - 3_600_000).toISOString();

/** Looks like what the Worker sealed. */
export const SEALED = 'gatehouse:1:dev:c2VhbA:aXY:Y2lwaGVydGV4dA';
