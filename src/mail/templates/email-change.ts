import { compose, type MailContent, paragraph } from './layout.ts';
import { linkBlocks, type LinkProof, type Proof, proofBlocks } from './proof.ts';
import { plainName } from './values.ts';

/** What a mail to the new address of an account is about. `minutes` is how long link and code are good for. */
export type EmailChangeMail =
  | ({ readonly kind: 'confirm'; readonly productName: string } & (Proof | LinkProof))
  | { readonly kind: 'taken'; readonly productName: string };

const WORDS = {
  lead: 'If that was you, use this button in the browser where you are signed in. It works once.',
  button: 'Confirm this address',
} as const;

const WITH_CODE = {
  ...WORDS,
  elsewhere: 'Signed in on another device?',
  unasked:
    'If you did not ask for this, ignore this mail and pass the code on to nobody: without it, or the link, nothing is changed.',
} as const;

const BY_LINK = {
  ...WORDS,
  unasked: 'If you did not ask for this, ignore this mail: without its link nothing is changed.',
} as const;

/**
 * The mail to an address that is to become that of an account. `taken` goes to one that another account has, or had until
 * its address was changed a few days ago: only who reads the mail learns so, it carries no link, and nothing was changed.
 * @throws TypeError when the link is not http(s), the code not digits, or the minutes not a positive integer
 */
export function emailChangeMail(mail: EmailChangeMail): MailContent {
  const product = plainName(mail.productName);
  if (mail.kind === 'taken') return takenMail(product);
  // Who reads this may be a stranger, by a mistyped address: nothing is said of whose account it is.
  return compose(`Confirm your new address for ${product}`, [
    paragraph(`Somebody, perhaps you, asked to make this the address of an account at ${product}.`),
    ...('code' in mail ? proofBlocks(mail, WITH_CODE) : linkBlocks(mail, BY_LINK)),
  ]);
}

function takenMail(product: string): MailContent {
  return compose(`This address is not free at ${product}`, [
    paragraph(
      `Somebody, perhaps you, asked to make this the address of an account at ${product}. It belongs to another account, or did until a few days ago, so nothing was changed.`,
    ),
    paragraph(
      'If that was you, choose another address for the account. If you did not ask for this, ignore this mail.',
    ),
  ]);
}
