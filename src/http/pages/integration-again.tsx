import type { IntegrationView, ServiceView } from '../../domain/integrations/views.ts';
import { canConnect, isMessaging } from './integration-fields.ts';
import { nameOf } from './integration-words.ts';

interface AgainState {
  readonly account: IntegrationView;
  readonly service: ServiceView;
  readonly nonce: string;
}

/** Off to the provider for the same account. */
export function ConnectAgain({ account, service, nonce }: AgainState) {
  if (!canConnect(service)) return <p class="small soft">{service.name} cannot be connected here at present.</p>;
  return (
    <form method="post" action="/integrations/connect">
      <input type="hidden" name="nonce" value={nonce} />
      <input type="hidden" name="service" value={account.service} />
      <input type="hidden" name="connection_id" value={account.connectionId ?? ''} />
      <AgainButton account={account} />
    </form>
  );
}

/** The way back for a disconnected account: a press where what is stored serves, else by the provider. */
export function LinkAgain({ account, service, nonce }: AgainState) {
  const isStored = isMessaging(service) || account.connectionStatus === 'active';
  if (!isStored || !service.isActive) return <ConnectAgain account={account} service={service} nonce={nonce} />;
  return (
    <form method="post" action="/integrations/activate">
      <input type="hidden" name="integration_id" value={account.id} />
      <AgainButton account={account} />
    </form>
  );
}

function AgainButton({ account }: Pick<AgainState, 'account'>) {
  return (
    <button type="submit" class="less" aria-label={`Connect ${nameOf(account)} again`}>
      Connect again
    </button>
  );
}
