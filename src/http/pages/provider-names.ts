import { findConnector } from '../../connectors/index.ts';

/** What people call a provider, whether it is set up here or not. */
export function titleOfProvider(name: string): string {
  return findConnector(name)?.title ?? name;
}
