import type { IntegrationView } from '../../domain/integrations/views.ts';
import { nameOf } from './integration-words.ts';
import { describe, Problem } from './parts.tsx';

/** A label that was sent and refused. */
export interface LabelState {
  readonly id: string;
  readonly label: string;
  readonly problem: string;
}

interface ChangeState {
  readonly account: IntegrationView;
  /** One of several accounts of its service, and not the one that is meant by default. */
  readonly canBePrimary: boolean;
  readonly nonce: string;
  readonly typed: LabelState | undefined;
}

/** What can be changed of a linked account, behind a first press; to disconnect takes the second. */
export function ChangeForms({ account, canBePrimary, nonce, typed }: ChangeState) {
  return (
    <details open={typed !== undefined}>
      <summary>
        Change or disconnect<span class="unseen">: {nameOf(account)}</span>
      </summary>
      <RenameForm account={account} typed={typed} />
      {canBePrimary ? <PrimaryForm account={account} /> : null}
      <DisconnectForm account={account} nonce={nonce} />
    </details>
  );
}

function RenameForm({ account, typed }: Pick<ChangeState, 'account' | 'typed'>) {
  const id = `label-${account.id}`;
  return (
    <form method="post" action="/integrations/rename" class="stack">
      <div>
        <label for={id}>
          <span class="unseen">{nameOf(account)}: </span>Label
        </label>
        <input
          id={id}
          name="label"
          dir="auto"
          maxlength={255}
          autocomplete="off"
          autofocus={typed !== undefined}
          value={typed?.label ?? account.displayLabel ?? ''}
          {...describe(id, typed?.problem, true)}
        />
        <Problem field={id} text={typed?.problem} />
        <p class="hint" id={`${id}-hint`}>
          What you call it, such as “Work”. Empty shows the account itself.
        </p>
      </div>
      <button type="submit" class="quiet less" aria-label={`Save the label of ${nameOf(account)}`}>
        Save
      </button>
      <input type="hidden" name="integration_id" value={account.id} />
    </form>
  );
}

function PrimaryForm({ account }: Pick<ChangeState, 'account'>) {
  return (
    <form method="post" action="/integrations/primary" class="stack">
      <p class="small">The primary account is the one that is used where none is named.</p>
      <button type="submit" class="quiet less" aria-label={`Make ${nameOf(account)} primary`}>
        Make primary
      </button>
      <input type="hidden" name="integration_id" value={account.id} />
    </form>
  );
}

function DisconnectForm({ account, nonce }: Pick<ChangeState, 'account' | 'nonce'>) {
  const { connectionId } = account;
  return (
    <form method="post" action="/integrations/disconnect" class="stack">
      <p class="small">
        {account.serviceName} stops being used with this account at once, and can be connected again.{' '}
        {connectionId === null ? null : (
          <>
            To end the access itself, disconnect <a href={`/account/connections/${connectionId}`}>its connection</a>.
          </>
        )}
      </p>
      <button type="submit" class="danger less" aria-label={`Disconnect ${nameOf(account)}`}>
        Disconnect
      </button>
      <input type="hidden" name="nonce" value={nonce} />
      <input type="hidden" name="integration_id" value={account.id} />
    </form>
  );
}
