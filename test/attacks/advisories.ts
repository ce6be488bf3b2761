/**
 * The published attacks on sign-in services, and what each teaches. One that applies here has a test in this folder whose
 * title begins with one of its ids; one that does not says why. `npm run docs` makes the table in docs/security.md of it,
 * and fails when an attack that applies has no test, or when a test names an attack that is not here.
 */

/** One attack. Ids are of CVE, of GitHub's advisory database (GHSA), or of an issue that is open to this day. */
export type Advisory = {
  readonly ids: readonly [string, ...string[]];
  readonly product: string;
  /** What to do, or never to do. */
  readonly lesson: string;
} & ({ readonly applies: true } | { readonly reason: string });

const applies = true;

export const advisories: readonly Advisory[] = [
  // Secrets
  {
    ids: ['CVE-2026-114607', 'CVE-2026-110862', 'GHSA-965c-763c-88jm'],
    product: 'better-auth',
    lesson: 'A secret is good for the purpose it was made for: an OAuth state never signs in as a mailed link.',
    applies,
  },
  {
    ids: ['CVE-2026-121802'],
    product: 'better-auth (expo)',
    lesson: 'A state is made here; one that the caller brings is neither used nor vouched for.',
    applies,
  },
  {
    ids: ['GHSA-hc7v-rggr-4hvx'],
    product: 'better-auth',
    lesson: 'A mailed link is spent by the statement that checks it, so many tries at once give one session.',
    applies,
  },
  {
    ids: ['GHSA-7w99-5wm4-3g79'],
    product: 'better-auth (oauth-provider)',
    lesson: 'An authorisation code that is redeemed many times at once is redeemed once.',
    applies,
  },
  {
    ids: ['GHSA-392p-2q2v-4372'],
    product: 'better-auth (oauth-provider)',
    lesson: 'A refresh token that is used many times at once starts one family.',
    applies,
  },
  {
    ids: ['GHSA-4rxr-27mm-mxq9'],
    product: 'Auth.js (Upstash adapter)',
    lesson: 'A mailed secret is looked up by itself and held against whom it is for: neither is enough alone.',
    applies,
  },
  {
    ids: ['CVE-2026-45337', 'GHSA-cq3f-vc6p-68fh'],
    product: 'better-auth (device authorization)',
    lesson: 'A pending code belongs to whoever began, from the beginning: not to the first who is signed in.',
    applies,
  },
  {
    ids: ['better-auth #9690', 'supabase/auth #1214'],
    product: 'better-auth, Supabase Auth',
    lesson: 'What opens a mailed link first is often a scanner: looking at a link must not use it up.',
    applies,
  },
  // Whose account it is
  {
    ids: ['GHSA-qq9h-g4jm-xgf3'],
    product: 'better-auth',
    lesson: 'What was added to an account before its address was proven goes when its owner proves it.',
    applies,
  },
  {
    ids: ['CVE-2026-53516', 'GHSA-g38m-r43w-p2q7'],
    product: 'better-auth',
    lesson: 'A provider’s account joins an account here only if the address was verified on both sides.',
    applies,
  },
  {
    ids: ['CVE-2026-44166'],
    product: 'PocketBase',
    lesson: 'Signing in with a provider never takes over what somebody else prepared under the same address.',
    applies,
  },
  {
    ids: ['better-auth #11023'],
    product: 'better-auth',
    lesson: 'Registering with another’s address gives nothing that is left once its owner comes.',
    applies,
  },
  {
    ids: ['CVE-2026-15611'],
    product: 'Logto',
    lesson: 'An address of a provider counts as verified when the provider says so, and not when it says nothing.',
    applies,
  },
  {
    ids: ['GHSA-fmh4-wcc4-5jm3'],
    product: 'better-auth (organization)',
    lesson: 'An invitation is accepted by a verified owner of the address that it went to.',
    reason: 'There are no invitations yet.',
  },
  // Identity and authority
  {
    ids: ['CVE-2025-61928'],
    product: 'better-auth (api-key)',
    lesson: 'Who acts is read from the credential, never from the body; nor are fields that the server alone sets.',
    applies,
  },
  {
    ids: ['GHSA-4vcf-q4xf-f48m'],
    product: 'better-auth (passkey)',
    lesson: 'A passkey is renamed and removed by its owner: an id is no permission.',
    applies,
  },
  {
    ids: ['GHSA-2vg6-77g8-24mp'],
    product: 'better-auth',
    lesson: 'Sessions and tokens end with their user.',
    applies,
  },
  {
    ids: ['CVE-2025-71402'],
    product: 'better-auth (multi-session)',
    lesson: 'A cookie that somebody made up ends nobody’s session.',
    applies,
  },
  {
    ids: ['CVE-2025-48370'],
    product: 'Supabase auth-js',
    lesson: 'An id that stands in a path is checked to be one before anything is made of it.',
    applies,
  },
  // Providers
  {
    ids: ['GHSA-wxw3-q3m9-c3jr'],
    product: 'better-auth',
    lesson: 'A state that is not the browser’s own ends the sign-in, with PKCE or without.',
    applies,
  },
  {
    ids: ['CVE-2026-73419', 'GHSA-x445-f3h2-j279'],
    product: 'Auth.js',
    lesson: 'State, nonce and PKCE verifier hold for the one provider that they were made for.',
    applies,
  },
  {
    ids: ['CVE-2026-81888', 'GHSA-fm3f-ch8h-qw8q'],
    product: '@hono/oauth-providers',
    lesson: 'An answer without a state is refused like one with a wrong state.',
    applies,
  },
  {
    ids: ['CVE-2026-31813'],
    product: 'Supabase Auth',
    lesson: 'Which issuer counts is pinned here; an ID token does not choose who vouches for it.',
    applies,
  },
  {
    ids: ['GHSA-9wqv-qhrh-87f4'],
    product: 'Supabase Auth',
    lesson: 'Nor does a request choose the issuer.',
    applies,
  },
  {
    ids: ['GHSA-5hvv-9cqv-894r'],
    product: 'Supabase Auth',
    lesson: 'Without a subject there is nobody: an error read as a profile made everybody the same user.',
    applies,
  },
  {
    ids: ['CVE-2026-22817', 'CVE-2026-22818'],
    product: 'Hono',
    lesson: 'A token does not choose by which algorithm it is checked.',
    applies,
  },
  {
    ids: ['CVE-2025-4143'],
    product: 'workers-oauth-provider',
    lesson: 'An authorisation server compares the redirect address with the registered ones.',
    reason: 'This is no authorisation server yet; as a client it sends one address, made from PUBLIC_URL.',
  },
  {
    ids: ['CVE-2025-4144'],
    product: 'workers-oauth-provider',
    lesson: 'An authorisation server that saw a PKCE challenge demands the verifier.',
    reason: 'This is no authorisation server yet; as a client it sends PKCE S256 always.',
  },
  // Addresses: of pages, of mailboxes, of networks
  {
    ids: ['CVE-2024-56734'],
    product: 'better-auth',
    lesson: 'Where to go afterwards is checked for every method, GET too.',
    applies,
  },
  {
    ids: ['CVE-2025-27143'],
    product: 'better-auth',
    lesson: '`//evil.example` is no path, in any spelling.',
    applies,
  },
  {
    ids: ['CVE-2025-71403'],
    product: 'better-auth',
    lesson: 'A trusted origin is compared whole: no wildcard, no beginning, no end of it.',
    applies,
  },
  {
    ids: ['CVE-2025-71404'],
    product: 'better-auth',
    lesson: 'What an address says about an error is never shown.',
    applies,
  },
  {
    ids: ['GHSA-3529-5m8x-rpv3'],
    product: 'Supabase Auth',
    lesson: 'Mailed links are made from a fixed address, never from a Host header.',
    applies,
  },
  {
    ids: ['GHSA-pgx2-m66h-x29f'],
    product: 'Convex (better-auth)',
    lesson: 'Nor from a forwarded one, nor does it decide where a provider sends the browser back to.',
    applies,
  },
  {
    ids: ['CVE-2022-35924'],
    product: 'Auth.js',
    lesson: 'One address is one address: a list of them is refused.',
    applies,
  },
  {
    ids: ['GHSA-5jpx-9hw9-2fx4'],
    product: 'Auth.js',
    lesson: 'A quoted local part hides a second address from some readers: it is refused.',
    applies,
  },
  {
    ids: ['CVE-2026-73420', 'GHSA-7rqj-j65f-68wh'],
    product: 'Auth.js',
    lesson: 'Nothing turns an address into another one after it was checked: look-alikes of @ are refused.',
    applies,
  },
  {
    ids: ['CVE-2022-31127'],
    product: 'Auth.js',
    lesson: 'Every value in a mail is escaped, whoever chose it.',
    applies,
  },
  {
    ids: ['CVE-2026-45364'],
    product: 'better-auth',
    lesson: 'An IPv6 network counts as one caller, in every spelling of its addresses.',
    applies,
  },
  // The edge
  {
    ids: ['GHSA-x732-6j76-qmhm'],
    product: 'better-auth',
    lesson: 'Another spelling of a path gets around no limit.',
    applies,
  },
  {
    ids: ['CVE-2026-41248'],
    product: 'Clerk',
    lesson: 'Who may call is decided by the procedure, not by a pattern of paths.',
    applies,
  },
  {
    ids: ['CVE-2026-126357', 'GHSA-4m76-xfj5-7975'],
    product: 'Hono',
    lesson: 'A path that is read twice is not read differently by the guard and by the handler.',
    applies,
  },
  {
    ids: ['CVE-2026-73421', 'GHSA-8fpg-xm3f-6cx3'],
    product: 'Auth.js',
    lesson: 'A deployment that is set up wrongly lets nobody in.',
    applies,
  },
  {
    ids: ['GHSA-xmf8-cvqr-rfgj', 'CVE-2026-73418'],
    product: 'Auth.js',
    lesson: 'A malformed bearer is refused; it throws nothing.',
    applies,
  },
  {
    ids: ['CVE-2026-44457'],
    product: 'Hono',
    lesson: 'No shared cache keeps an answer that is for one caller.',
    applies,
  },
];
