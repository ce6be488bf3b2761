import { findConnector } from '../../connectors/index.ts';

/** What people call a provider, whether it is set up here or not. */
export function titleOfProvider(name: string): string {
  return findConnector(name)?.title ?? name;
}

/** What a provider's addresses need to be told, such as a shop's domain. */
export function parametersOf(name: string): string[] {
  return Object.keys(findConnector(name)?.grant?.parameters ?? {});
}

/** What a value looks like that a provider's addresses need, such as a shop's domain; '' where it needs none of that name. */
export function exampleOf(name: string, parameter: string): string {
  return findConnector(name)?.grant?.parameters?.[parameter]?.example ?? '';
}

/** Whether the provider can be told that its access is given up. */
export function canRevoke(name: string): boolean {
  return Boolean(findConnector(name)?.grant?.revocation);
}
