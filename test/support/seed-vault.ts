/** A person with a grant that the provider knows, connected. */
import type { SeededGrant } from '../../scripts/support/oidc-provider.ts';
import { seedConnections, type VaultSettings } from '../../scripts/support/seed-connections.ts';
import { newPerson, type Owner, type Person } from './owner.ts';

export { seedConnections, type VaultSettings } from '../../scripts/support/seed-connections.ts';

export interface SeededConnection {
  readonly id: string;
  readonly person: Person;
  readonly grant: SeededGrant;
}

/** A new person with this grant, due already. */
export async function seedConnection(
  owner: Owner,
  settings: VaultSettings,
  grant: SeededGrant,
): Promise<SeededConnection> {
  const person = await newPerson(owner);
  const [id = ''] = await seedConnections(owner, settings, { userIds: [person.userId], grants: [grant] });
  return { id, person, grant };
}
