import type { Connector, Claims } from '../../../../src/connectors/types.ts';

/** What a provider's documentation shows that it answers, where OpenID's standard claims are not all. */
interface Sample {
  /** Of the ID token, beside the standard ones; undefined leaves one out. */
  readonly claims?: Claims;
  /** Of the callback, beside code, state and iss. */
  readonly callback?: Readonly<Record<string, string>>;
  /** Of the API, by the names of the connector's URLs. */
  readonly api?: Claims;
  /** `scope` of the token answer; absent where the provider sends none. */
  readonly scope?: string;
}

export const TENANT = '72f988bf-86f1-41af-91ab-2d7cd011db47';

/** What the standard claims are in every test. */
export const person = {
  sub: 'subject-10769150350006150715113082367',
  email: 'ada@example.com',
  name: 'Ada Lovelace',
  picture: 'https://images.example.com/ada.png',
};

const samples: Partial<Record<Connector['name'], Sample>> = {
  google: {
    claims: { email_verified: true, hd: 'example.com', at_hash: 'HK6E_P6Dh8Y93mRNtsDB1Q', given_name: 'Ada' },
    callback: { scope: 'email profile openid', authuser: '0', hd: 'example.com', prompt: 'none' },
    scope: 'openid https://www.googleapis.com/auth/userinfo.email https://www.googleapis.com/auth/userinfo.profile',
  },
  microsoft: {
    claims: {
      tid: TENANT,
      ver: '2.0',
      oid: '00000000-0000-0000-66f3-3332eca7ea81',
      xms_edov: true,
      picture: undefined,
    },
    callback: { session_state: '7b29111d-0220-4f9e-a6ac-1e7f5b2b9a3f' },
    scope: 'openid profile email',
  },
  apple: {
    claims: { email_verified: 'true', is_private_email: 'false', nonce_supported: true, name: undefined },
    callback: {
      user: JSON.stringify({ name: { firstName: 'Ada', lastName: 'Lovelace' }, email: 'mallory@example.com' }),
    },
  },
  github: {
    api: {
      user: {
        login: 'ada',
        id: 583231,
        node_id: 'MDQ6VXNlcjU4MzIzMQ==',
        avatar_url: person.picture,
        type: 'User',
        name: person.name,
        email: null,
      },
      emails: [
        { email: 'old@example.com', primary: false, verified: true, visibility: null },
        { email: person.email, primary: true, verified: true, visibility: 'private' },
      ],
    },
    callback: { iss: 'https://github.com/login/oauth' },
    scope: 'read:user,user:email',
  },
  linkedin: {
    api: { person: { ...person, given_name: 'Ada', locale: { country: 'US', language: 'en' }, email_verified: true } },
  },
  shopify: {
    api: {
      shop: {
        data: {
          shop: {
            id: 'gid://shopify/Shop/12345',
            name: person.name,
            email: person.email,
            myshopifyDomain: 'mystore.myshopify.com',
          },
        },
      },
    },
    callback: { host: 'YWRtaW4uc2hvcGlmeS5jb20vc3RvcmUvbXlzdG9yZQ', timestamp: '1795262659' },
  },
};

/** A connector that is not listed is taken for an OpenID provider that answers as the standard says. */
export function sampleOf({ name }: Connector): Sample {
  return samples[name] ?? { claims: { email_verified: true } };
}
