import { connectableConnectors } from '../../connectors/index.ts';

/** What the database has to know of the connectors here to hand out a lease (`gatehouse.take_lease`). */
export const leaseRules = {
  /** Whose refresh tokens are good for one use, so that a second one ends the grant. */
  singleUse: connectableConnectors.filter(({ grant }) => grant?.refresh.reuse === 'revokes').map(({ name }) => name),
  /** Of others a grant is only kept: whoever brought it renews it. */
  refreshable: connectableConnectors.map(({ name }) => name),
};
