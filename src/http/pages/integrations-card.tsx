import type { IntegrationView } from '../../domain/integrations/views.ts';
import { needsPerson } from './integration-words.ts';

/** The first linked accounts of a person, and whether there are more. */
export interface LinkedServices {
  readonly items: readonly IntegrationView[];
  readonly nextCursor: string | null;
}

/** On /account: how many accounts of services are linked, whether one needs its person, and the way to them. */
export function IntegrationsCard({ items, nextCursor }: LinkedServices) {
  const active = items.filter(({ isActive }) => isActive);
  const needy = active.filter((account) => needsPerson(account)).length;
  return (
    <section class="card stack" aria-labelledby="integrations">
      <h2 id="integrations">Integrations {needy > 0 ? <span class="badge bad">Action needed</span> : null}</h2>
      <p class="small soft">
        {counted(active.length, nextCursor !== null)}{' '}
        {needy > 0 ? `${needy} ${needy === 1 ? 'needs' : 'need'} to be connected again.` : ''}
      </p>
      <p>
        <a href="/integrations">{items.length === 0 ? 'Connect a service' : 'See your integrations'}</a>
      </p>
    </section>
  );
}

function counted(count: number, isMore: boolean): string {
  if (isMore) return `More than ${count} accounts of services are linked.`;
  if (count === 0) return 'Services that work for you here, such as mail, calendar and messengers. None yet.';
  return count === 1 ? 'One account of a service is linked.' : `${count} accounts of services are linked.`;
}
