import { AppError } from '../errors.ts';
import { SettingError } from '../lib/keys.ts';
import type { Callback, Connector, ConnectorClient } from './types.ts';

const TENANT = '{tenantid}';
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The connector's issuer, which may have a place for a tenant. @throws SettingError when the settings leave it out */
export function issuerOf({ issuer, name }: Connector, client: ConnectorClient): string {
  const found = issuer ?? client.issuer;
  if (!found) throw new SettingError(`${name.toUpperCase()}_ISSUER`, 'is missing');
  return found;
}

/**
 * The issuer with the tenant in its place. Only a UUID goes there, so a tenant cannot write another path or host.
 * @param tenant the `tid` claim of an ID token
 * @throws provider.issuer_mismatch when the issuer has a place and this is no tenant
 */
export function issuerForTenant(issuer: string, tenant: unknown): string {
  if (!issuer.includes(TENANT)) return issuer;
  if (typeof tenant !== 'string' || !UUID.test(tenant)) throw new AppError('provider.issuer_mismatch');
  return issuer.replace(TENANT, tenant);
}

/**
 * Holds the `iss` of an authorisation response to the issuer (RFC 9207 §2.4), so that a code of one provider is never
 * sent to another (mix-up). An answer that says no is taken without `iss`: it ends here either way.
 * @throws provider.issuer_mismatch
 */
export function checkCallbackIssuer(connector: Connector, issuer: string, callback: Callback): void {
  if (callback.issuer === null) {
    if (connector.announcesIssuer && callback.refusal === null) throw new AppError('provider.issuer_mismatch');
    return;
  }
  const [before = '', after] = issuer.split(TENANT);
  const tenant =
    after === undefined ? undefined : callback.issuer.slice(before.length, callback.issuer.length - after.length);
  if (callback.issuer !== issuerForTenant(issuer, tenant)) throw new AppError('provider.issuer_mismatch');
}
