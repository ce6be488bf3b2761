import type { ConnectionView } from '../../domain/oauth/views.ts';
import type { ConnectorView } from '../../domain/oauth/views.ts';

interface CardState {
  readonly connections: readonly ConnectionView[];
  readonly connectors: readonly ConnectorView[];
}

/** On /account: how many connections there are, whether one needs its person, and the way to them. Nothing without any. */
export function ConnectionsCard({ connections, connectors }: CardState) {
  const { length } = connections;
  if (length + connectors.length === 0) return <></>;
  const needy = connections.filter((connection) => needsPerson(connection)).length;
  return (
    <section class="card stack" aria-labelledby="connections">
      <h2 id="connections">Connections {needy > 0 ? <span class="badge bad">Action needed</span> : null}</h2>
      <p class="small soft">
        {length === 0 ? 'Accounts elsewhere that may be used for you. None yet.' : counted(length)}{' '}
        {length > 0 && needy > 0 ? `${needy} ${needy === 1 ? 'needs' : 'need'} to be connected again.` : ''}
      </p>
      <p>
        <a href="/account/connections">{length === 0 ? 'Connect an account' : 'See your connections'}</a>
      </p>
    </section>
  );
}

function counted(count: number): string {
  return count === 1 ? 'One account is connected.' : `${count} accounts are connected.`;
}

/** Whether it waits for somebody to connect it again. */
function needsPerson({ status, missingScopes }: ConnectionView): boolean {
  return status !== 'active' || missingScopes.length > 0;
}
