import type { IntegrationView, ServiceView } from '../../domain/integrations/views.ts';
import type { LabelState } from './integration-changes.tsx';
import { ConnectService } from './integration-connect.tsx';
import type { ServiceFormState } from './integration-fields.ts';
import { DisconnectedItem, IntegrationItem } from './integration-item.tsx';
import { ServiceMark } from './integration-parts.tsx';
import { groupsOf, type ServiceGroup } from './integration-words.ts';
import { Alert, Notice } from './parts.tsx';

export interface IntegrationsState {
  readonly services: readonly ServiceView[];
  /** The accounts of one page of the list, disconnected ones too. */
  readonly accounts: readonly IntegrationView[];
  /** Of the next page; null on the last one. */
  readonly nextCursor: string | null;
  readonly productName: string;
  readonly nonce: string;
  readonly timeZone: string;
  readonly notice: string | null;
  readonly problem: string | null;
  /** A form that was sent and refused. */
  readonly typed?: { readonly service?: ServiceFormState; readonly label?: LabelState };
}

/** What one can jump to. */
export function integrationsParts(accounts: readonly IntegrationView[]) {
  const disconnected = accounts.some(({ isActive }) => !isActive) ? [['disconnected', 'Disconnected'] as const] : [];
  return [['linked', 'Your services'], ['connect', 'Connect a service'], ...disconnected] as const;
}

/** /integrations: the accounts of every linked service and how they are, and what else can be connected. */
export function IntegrationsView(state: IntegrationsState) {
  const { services, accounts, notice, problem } = state;
  const active = accounts.filter(({ isActive }) => isActive);
  const disconnected = accounts.filter(({ isActive }) => !isActive);
  return (
    <>
      {notice ? <Notice tone="good">{notice}</Notice> : null}
      {problem ? <Alert focus>{problem}</Alert> : null}
      <div class="head">
        <nav class="crumbs small" aria-label="Where you are">
          <a href="/account#integrations">Your account</a>
        </nav>
        <h1>Integrations</h1>
        <p class="soft">Services that {state.productName} works with for you, and the accounts it uses there.</p>
      </div>
      <div class="columns">
        <Linked groups={groupsOf(services, active)} state={state} />
        <div>
          <Connectable linked={active} state={state} />
          <Disconnected accounts={disconnected} state={state} />
        </div>
      </div>
    </>
  );
}

interface LinkedState {
  readonly groups: readonly ServiceGroup[];
  readonly state: IntegrationsState;
}

function Linked({ groups, state }: LinkedState) {
  return (
    <section class="card stack" aria-labelledby="linked">
      <h2 id="linked">Your services</h2>
      {groups.length === 0 ? <p class="small soft">None yet.</p> : null}
      {groups.map((group) => (
        <Service group={group} state={state} />
      ))}
      {state.nextCursor === null ? null : (
        <p>
          <a href={`/integrations?cursor=${state.nextCursor}`}>Show more</a>
        </p>
      )}
    </section>
  );
}

function Service({ group: { service, accounts }, state }: { group: ServiceGroup; state: IntegrationsState }) {
  return (
    <section class="group" aria-labelledby={`service-${service.id}`}>
      <h3 class="service" id={`service-${service.id}`}>
        <ServiceMark service={service} />
        <span>{service.name}</span>
      </h3>
      {service.isActive ? null : <p class="small soft">No further accounts of it can be connected at present.</p>}
      <ul class="list">
        {accounts.map((account) => (
          <IntegrationItem
            account={account}
            isOneOf={accounts}
            service={service}
            nonce={state.nonce}
            timeZone={state.timeZone}
            typed={state.typed?.label?.id === account.id ? state.typed.label : undefined}
          />
        ))}
      </ul>
    </section>
  );
}

interface PartState {
  readonly state: IntegrationsState;
}

function Connectable({ linked, state }: PartState & { readonly linked: readonly IntegrationView[] }) {
  const services = state.services.filter(({ isActive }) => isActive);
  return (
    <section class="card stack" aria-labelledby="connect">
      <h2 id="connect">Connect a service</h2>
      {services.length > 0 ? (
        <ul class="list">
          {services.map((service) => (
            <ConnectService
              service={service}
              isAnother={linked.some((account) => account.service === service.id)}
              nonce={state.nonce}
              typed={state.typed?.service?.service === service.id ? state.typed.service : undefined}
            />
          ))}
        </ul>
      ) : (
        <p class="small soft">Nothing can be connected here.</p>
      )}
    </section>
  );
}

/** What was disconnected and can be connected again. Nothing without any. */
function Disconnected({ accounts, state }: PartState & { readonly accounts: readonly IntegrationView[] }) {
  if (accounts.length === 0) return <></>;
  return (
    <section class="card stack" aria-labelledby="disconnected">
      <h2 id="disconnected">Disconnected</h2>
      <p class="small soft">They are not used. Connect one again to have it back as it was.</p>
      <ul class="list">
        {groupsOf(state.services, accounts).map(({ service, accounts: items }) =>
          items.map((account) => (
            <DisconnectedItem account={account} service={service} nonce={state.nonce} timeZone={state.timeZone} />
          )),
        )}
      </ul>
    </section>
  );
}
