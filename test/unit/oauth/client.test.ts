import { describe, expect, it } from 'vitest';
import { clientOf } from '../../../src/domain/oauth/client.ts';
import { sealedFor } from '../../../src/domain/oauth/vault.ts';
import { settingsWith } from './settings.ts';

const grant = { owner: 'user:ada', connector: 'demo', accountId: 'ada@demo', clientId: null, clientSecret: null };
const seal = (secret: string, owner = 'user:ada') =>
  settingsWith().sealer.seal(secret, sealedFor({ ...grant, owner }, 'client_secret'));

describe('a grant is refreshed and revoked', () => {
  it('with its own client where it has one, even when the deployment has none', async () => {
    const clientSecret = await seal('its own');
    const none = { DEMO_CLIENT_ID: undefined, DEMO_CLIENT_SECRET: undefined };
    for (const settings of [settingsWith(), settingsWith(none)]) {
      const found = await clientOf(settings, { ...grant, clientId: 'theirs', clientSecret });
      expect(found).toMatchObject({ client: { clientId: 'theirs', clientSecret: 'its own' } });
    }
  });

  it('else with the deployment’s, if the grant was made for that client', async () => {
    for (const clientId of [null, 'ours']) {
      const found = await clientOf(settingsWith(), { ...grant, clientId });
      expect(found).toMatchObject({ client: { clientId: 'ours', clientSecret: 'the deployment’s' } });
    }
  });

  it('with none at all when the deployment’s client is another by now: a stranger’s would end the grant', async () => {
    expect(await clientOf(settingsWith(), { ...grant, clientId: 'the old one' })).toEqual({
      problem: 'client_changed',
    });
  });

  it('with none when the connector is not set up, not known, or only signs in', async () => {
    const none = settingsWith({ DEMO_CLIENT_ID: undefined, DEMO_CLIENT_SECRET: undefined });
    expect(await clientOf(none, grant)).toEqual({ problem: 'client_missing' });
    expect(await clientOf(settingsWith(), { ...grant, connector: 'gone' })).toEqual({ problem: 'connector_unknown' });
    expect(await clientOf(settingsWith(), { ...grant, connector: 'apple' })).toEqual({ problem: 'connector_unknown' });
  });

  it('and never with a secret that was sealed for somebody else', async () => {
    const clientSecret = await seal('somebody else’s', 'user:bob');
    const refused = clientOf(settingsWith(), { ...grant, clientId: 'theirs', clientSecret });
    await expect(refused).rejects.toMatchObject({ code: 'seal.refused' });
  });
});
