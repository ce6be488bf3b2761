import type { IntegrationView } from '../../domain/integrations/views.ts';
import { MissingScopes } from './connection-parts.tsx';

type Health = IntegrationView['health'];

/** Words and look of a state. */
const badges: Readonly<Record<Health, { readonly text: string; readonly look: string }>> = {
  works: { text: 'Works', look: 'badge' },
  refreshing: { text: 'Works', look: 'badge' },
  failing: { text: 'Failing', look: 'badge bad' },
  expired: { text: 'Action needed', look: 'badge bad' },
  revoked: { text: 'Action needed', look: 'badge bad' },
  error: { text: 'Action needed', look: 'badge bad' },
  missing_token: { text: 'Action needed', look: 'badge bad' },
  missing_scopes: { text: 'Permission missing', look: 'badge bad' },
  inactive: { text: 'Disconnected', look: 'badge plain' },
};

export function HealthBadge({ health }: { readonly health: Health }) {
  const { text, look } = badges[health];
  return <span class={look}>{text}</span>;
}

/** Why an account is as it is, and what to do about it; nothing where it simply works. */
export function HealthReason({ account }: { readonly account: IntegrationView }) {
  if (account.health === 'missing_scopes') return <MissingScopes missing={account.missingScopes} />;
  const words = reasonOf(account);
  return words === null ? <></> : <p class="small">{words}</p>;
}

function reasonOf({ health, serviceName }: IntegrationView): string | null {
  switch (health) {
    case 'refreshing':
      return 'Its access has run out, and is refreshed by itself. You need do nothing.';
    case 'failing':
      return `${serviceName} gives no new access just now. We try again by ourselves.`;
    case 'expired':
      return `The access that ${serviceName} gave has run out. Connect the account again.`;
    case 'revoked':
      return `${serviceName} no longer takes this account: its access was ended there. Connect the account again.`;
    case 'error':
      return 'What is stored here for this account cannot be used. Connect the account again.';
    case 'missing_token':
      return `No access to this account is stored here. Connect it at ${serviceName}.`;
    default:
      return null;
  }
}
