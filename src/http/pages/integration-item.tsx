import type { IntegrationView, ServiceView } from '../../domain/integrations/views.ts';
import { ChangeForms, type LabelState } from './integration-changes.tsx';
import { ConnectAgain, LinkAgain } from './integration-again.tsx';
import { HealthBadge, HealthReason } from './integration-health.tsx';
import { accountOf, nameOf, needsPerson, titleOf } from './integration-words.ts';
import { Moment } from './parts.tsx';

interface ItemState {
  readonly account: IntegrationView;
  /** Every linked account of that service, this one among them. */
  readonly isOneOf: readonly IntegrationView[];
  readonly service: ServiceView;
  readonly nonce: string;
  readonly timeZone: string;
  /** Its label, where it was sent and refused. */
  readonly typed: LabelState | undefined;
}

/** A linked account: how it is, and what can be done with it. */
export function IntegrationItem({ account, service, isOneOf, nonce, timeZone, typed }: ItemState) {
  const isOneOfMany = isOneOf.length > 1;
  return (
    <li>
      <h4>
        <bdi>{titleOf(account)}</bdi> <HealthBadge health={account.health} />{' '}
        {isOneOfMany && account.isPrimary ? <span class="badge plain">Primary</span> : null}{' '}
        {account.isVerified === false ? <span class="badge plain">Not verified</span> : null}
      </h4>
      <About account={account} isOneOf={isOneOf} timeZone={timeZone} />
      <HealthReason account={account} />
      {needsPerson(account) ? <ConnectAgain account={account} service={service} nonce={nonce} /> : null}
      <ChangeForms account={account} canBePrimary={isOneOfMany && !account.isPrimary} nonce={nonce} typed={typed} />
    </li>
  );
}

type AboutState = Pick<ItemState, 'account' | 'isOneOf' | 'timeZone'>;

function About({ account, isOneOf, timeZone }: AboutState) {
  const { displayLabel, externalUserId, connectionId, connectedAt } = account;
  const name = accountOf(account);
  const isAmbiguous = isOneOf.filter((other) => accountOf(other) === name).length > 1;
  return (
    <p class="small soft">
      {displayLabel === null ? null : (
        <>
          <bdi>{name}</bdi> ·{' '}
        </>
      )}
      {isAmbiguous && externalUserId !== null && externalUserId !== name ? (
        <>
          <bdi>{externalUserId}</bdi> ·{' '}
        </>
      ) : null}
      connected <Moment at={connectedAt} timeZone={timeZone} />
      {connectionId === null ? null : (
        <>
          {' '}
          ·{' '}
          <a href={`/account/connections/${connectionId}`}>
            Details<span class="unseen"> of {nameOf(account)}</span>
          </a>
        </>
      )}
    </p>
  );
}

type DisconnectedState = Pick<ItemState, 'account' | 'service' | 'nonce' | 'timeZone'>;

/** An account that was disconnected, and the way back. */
export function DisconnectedItem({ account, service, nonce, timeZone }: DisconnectedState) {
  return (
    <li class="row apart">
      <div class="body">
        <h3>
          {account.serviceName}: <bdi>{titleOf(account)}</bdi>
        </h3>
        <About account={account} isOneOf={[account]} timeZone={timeZone} />
      </div>
      <LinkAgain account={account} service={service} nonce={nonce} />
    </li>
  );
}
