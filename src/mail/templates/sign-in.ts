import { compose, type MailContent, paragraph } from './layout.ts';
import { linkBlocks, type LinkProof, type Proof, proofBlocks } from './proof.ts';
import { plainName } from './values.ts';

/** What a sign-in mail is about. `minutes` is how long link and code are good for. */
export type SignInMail =
  | ({ readonly kind: 'sign_in' | 'sign_up'; readonly productName: string } & (Proof | LinkProof))
  | { readonly kind: 'sign_up_closed'; readonly productName: string };

const WORDS = {
  sign_in: { subject: 'Sign in to', button: 'Sign in', lead: 'Use this button to sign in. It works once.' },
  sign_up: {
    subject: 'Finish signing up for',
    button: 'Create my account',
    lead: 'Use this button to create your account and sign in. It works once.',
  },
} as const;

const UNASKED_LINK = 'If you did not ask for this, ignore this mail: without its link nobody gets in.';
const UNASKED =
  'If you did not ask for this, ignore this mail and pass the code on to nobody: without it, or the link, nobody gets in.';

/**
 * The mail that answers a request to sign in: subject, text part and HTML part, to be addressed by the caller.
 * `sign_up_closed` goes to an address without an account where new accounts are not open; it carries no link.
 * @throws TypeError when the link is not http(s), the code not digits, or the minutes not a positive integer
 */
export function signInMail(mail: SignInMail): MailContent {
  const product = plainName(mail.productName);
  if (mail.kind === 'sign_up_closed') return closedMail(product);
  const { subject, button, lead } = WORDS[mail.kind];
  if (!('code' in mail)) {
    return compose(`${subject} ${product}`, linkBlocks(mail, { lead, button, unasked: UNASKED_LINK }));
  }
  const elsewhere = 'Signing in on another device?';
  return compose(`${subject} ${product}`, proofBlocks(mail, { lead, button, elsewhere, unasked: UNASKED }));
}

function closedMail(product: string): MailContent {
  return compose(`Signing in to ${product}`, [
    paragraph(
      `Somebody, perhaps you, asked to sign in to ${product} with this address. There is no account for it, and new accounts are not open at the moment.`,
    ),
    paragraph(
      'If you have an account, sign in with the address you registered. If you did not ask for this, ignore this mail.',
    ),
  ]);
}
