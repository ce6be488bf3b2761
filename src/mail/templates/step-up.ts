import { compose, type MailContent, paragraph } from './layout.ts';
import { linkBlocks, type LinkProof, type Proof, proofBlocks } from './proof.ts';
import { accountAt, plainName } from './values.ts';

/** `minutes` is how long link and code are good for. */
export type StepUpMail = { readonly productName: string } & (Proof | LinkProof);

const WORDS = {
  lead: 'If that is you, use this button in the browser where you are signed in. It works once.',
  button: 'It is me',
} as const;

const WITH_CODE = {
  ...WORDS,
  elsewhere: 'Signed in on another device?',
  unasked:
    'If it is not you, leave the link alone and pass the code on to nobody: without them nothing is changed. Somebody else may be signed in, so sign in yourself and end the sessions that you do not know.',
} as const;

const BY_LINK = {
  ...WORDS,
  unasked:
    'If it is not you, leave the link alone: without it nothing is changed. Somebody else may be signed in, so sign in yourself and end the sessions that you do not know.',
} as const;

/**
 * The mail that lets somebody who is signed in confirm who they are before an important change.
 * @throws TypeError when the link is not http(s), the code not digits, or the minutes not a positive integer
 */
export function stepUpMail(mail: StepUpMail): MailContent {
  const account = accountAt(mail.productName);
  return compose(`Confirm that it is you at ${plainName(mail.productName)}`, [
    paragraph(
      `Somebody who is signed in to ${account} is about to change something important, such as its address or a passkey.`,
    ),
    ...('code' in mail ? proofBlocks(mail, WITH_CODE) : linkBlocks(mail, BY_LINK)),
  ]);
}
