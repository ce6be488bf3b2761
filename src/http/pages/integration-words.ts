/** What the API says of linked services, in words for people. */
import type { IntegrationView, ServiceView } from '../../domain/integrations/views.ts';

/** A service with the accounts of it that are linked. */
export interface ServiceGroup {
  readonly service: ServiceView;
  readonly accounts: readonly IntegrationView[];
}

/** The accounts by service, in the order of the catalogue; services without any are left out. */
export function groupsOf(services: readonly ServiceView[], accounts: readonly IntegrationView[]): ServiceGroup[] {
  return services
    .map((service) => ({ service, accounts: accounts.filter((account) => account.service === service.id) }))
    .filter((group) => group.accounts.length > 0);
}

/** Whose account it is at the service, as far as anybody knows. */
export function accountOf({ externalUsername, externalUserId }: IntegrationView): string {
  return externalUsername ?? externalUserId ?? 'Account not known yet';
}

/** What stands at the head of an account: what its person calls it, else whose it is. */
export function titleOf(account: IntegrationView): string {
  return account.displayLabel ?? accountOf(account);
}

/** "Gmail (Work)": the service and the account, for buttons that stand alone. */
export function nameOf(account: IntegrationView): string {
  return `${account.serviceName} (${titleOf(account)})`;
}

/** Whether it waits for somebody to connect it again. */
export function needsPerson({ health }: IntegrationView): boolean {
  return health !== 'works' && health !== 'refreshing' && health !== 'failing';
}
