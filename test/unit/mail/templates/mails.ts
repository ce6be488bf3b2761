import fc from 'fast-check';

import { emailChangeMail } from '../../../../src/mail/templates/email-change.ts';
import type { MailContent } from '../../../../src/mail/templates/layout.ts';
import { type SecuredMail, securedMail } from '../../../../src/mail/templates/secured.ts';
import { type SecurityMail, securityMail, type SecurityMailKind } from '../../../../src/mail/templates/security.ts';
import { signInMail } from '../../../../src/mail/templates/sign-in.ts';
import { stepUpMail } from '../../../../src/mail/templates/step-up.ts';

/** A proof whose link has what HTML must escape. */
export const proof = {
  link: 'https://account.example.com/page#token=abc&x=%22',
  code: '012345',
  minutes: 10,
} as const;

/** What a report came to. */
export const secured = {
  signInLink: 'https://account.example.com/sign-in',
  when: '2026-03-03T14:05:09.123Z',
  undone: ['Passkey Key'],
  notUndone: ['1 passkey was removed, and cannot be brought back.'],
} as const satisfies Partial<SecuredMail>;

export const happening = {
  productName: 'Acme',
  notMeLink: 'https://account.example.com/not-me#token=abc&x=%22',
  when: '2026-03-03T14:05:09.123Z',
  device: 'Chrome on macOS',
  place: 'Paris, FR',
} as const satisfies Omit<SecurityMail, 'kind'>;

/** Written out, with what each says: a kind that is added or renamed stops the type check here. */
export const securityMails: Record<SecurityMailKind, { subject: string; says: string; detail: string | null }> = {
  new_device: { subject: 'New sign-in to', says: 'from a device that this account has not seen before', detail: null },
  email_changed: { subject: 'New address for', says: 'address of this account was changed', detail: 'New address' },
  email_changed_again: { subject: 'New address for', says: 'changed again, after it had been', detail: 'New address' },
  email_moved: { subject: 'This address was replaced in', says: 'asked to sign in with this', detail: 'New address' },
  passkey_added: { subject: 'Passkey added to', says: 'passkey was added', detail: 'Passkey' },
  passkey_removed: { subject: 'Passkey removed from', says: 'passkey was removed', detail: 'Passkey' },
  passkey_copied: { subject: 'Passkey refused for', says: 'its counter went back', detail: 'Passkey' },
  account_linked: { subject: 'Provider linked to', says: 'provider was linked', detail: 'Provider' },
  account_unlinked: { subject: 'Provider unlinked from', says: 'provider was unlinked', detail: 'Provider' },
  token_created: { subject: 'API token created for', says: 'API token was created', detail: 'Token' },
  token_rotated: { subject: 'API token replaced for', says: 'API token was replaced', detail: 'Token' },
  organization_token_created: {
    subject: 'Organisation token created by',
    says: 'API token of an organisation was created in your name',
    detail: 'Token',
  },
  organization_token_rotated: {
    subject: 'Organisation token replaced by',
    says: 'API token of an organisation was replaced',
    detail: 'Token',
  },
  service_token_created: {
    subject: 'Service token created by',
    says: 'service token was created in your name',
    detail: 'Token',
  },
  service_token_rotated: {
    subject: 'Service token replaced by',
    says: 'service token was replaced in your name',
    detail: 'Token',
  },
};

export const securityKinds = Object.keys(securityMails) as SecurityMailKind[];

interface EveryMail {
  readonly name: string;
  readonly make: (productName: string) => MailContent;
  /** The one address the mail leads to; null where it leads nowhere. */
  readonly link: string | null;
}

/** Every mail there is, by the product's name. */
export const everyMail: readonly EveryMail[] = [
  ...(['sign_in', 'sign_up'] as const).map((kind) => ({
    name: kind,
    make: (productName: string) => signInMail({ kind, productName, ...proof }),
    link: proof.link,
  })),
  ...(['sign_in', 'sign_up'] as const).map((kind) => ({
    name: `${kind} by the link alone`,
    make: (productName: string) => signInMail({ kind, productName, link: proof.link, minutes: proof.minutes }),
    link: proof.link,
  })),
  { name: 'sign_up_closed', make: (productName) => signInMail({ kind: 'sign_up_closed', productName }), link: null },
  { name: 'step-up', make: (productName) => stepUpMail({ productName, ...proof }), link: proof.link },
  {
    name: 'step-up by the link alone',
    make: (productName) => stepUpMail({ productName, link: proof.link, minutes: proof.minutes }),
    link: proof.link,
  },
  {
    name: 'email change by the link alone',
    make: (productName) => emailChangeMail({ kind: 'confirm', productName, link: proof.link, minutes: proof.minutes }),
    link: proof.link,
  },
  {
    name: 'email change',
    make: (productName) => emailChangeMail({ kind: 'confirm', productName, ...proof }),
    link: proof.link,
  },
  { name: 'address taken', make: (productName) => emailChangeMail({ kind: 'taken', productName }), link: null },
  ...(['owner', 'given_up', 'other'] as const).map((role) => ({
    name: `secured, ${role}`,
    make: (productName: string) => securedMail({ ...secured, role, productName }),
    link: role === 'owner' ? secured.signInLink : null,
  })),
  ...securityKinds.map((kind) => ({
    name: kind,
    make: (productName: string) => securityMail({ kind, ...happening, productName, detail: 'Something' }),
    link: happening.notMeLink,
  })),
];

/** What somebody would put into a name to make it more than one, and anything else. */
export const hostileText = fc.oneof(
  fc.constantFrom(
    '<img src=x onerror=alert(1)>',
    '"><script>',
    '</h1><a href="https://evil.example">',
    "' onmouseover='x",
    '&lt;b&gt;',
    'A\r\nBcc: b@evil.example',
    '${7*7}',
    '\u202Eevil',
    '\u2028x',
    'this button',
    '$& $1',
  ),
  fc.string({ unit: 'binary' }),
);

/** Names of all elements of a document, as a browser's tokenizer would see them. */
export const elementsOf = (html: string) => [...html.matchAll(/<([a-z0-9]+)/gi)].map((match) => match[1]);

/** What a reader sees of a document: its text, with the few entities that are written resolved. */
export function visibleText(html: string): string {
  const entities: Record<string, string> = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&amp;': '&' };
  return html
    .replace(/<title>.*?<\/title>/s, '')
    .replace(/<[^>]*>/g, '\n')
    .replace(/&(?:lt|gt|quot|#39|amp);/g, (entity) => entities[entity] ?? entity);
}
