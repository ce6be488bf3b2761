import { type Block, button, codeBox, paragraph, smallPrint, spelledOut } from './layout.ts';
import { checkedCode, checkedLink, inMinutes } from './values.ts';

/** What proves that somebody reads the mail: a link, or a code to type. `minutes` is how long both are good for. */
export interface Proof {
  readonly link: string;
  readonly code: string;
  readonly minutes: number;
}

/** The link alone: the address was sent too many codes of late. */
export type LinkProof = Omit<Proof, 'code'>;

/** What a mail with a proof says around it. `lead` says "this button"; `elsewhere` asks who needs the code. */
interface ProofWords {
  readonly lead: string;
  readonly button: string;
  readonly elsewhere: string;
  readonly unasked: string;
}

/**
 * The link alone, where to open it, how long it lasts and what to do if nobody asked.
 * @throws TypeError when the link is not http(s), or the minutes not a positive integer
 */
export function linkBlocks(proof: LinkProof, words: Omit<ProofWords, 'elsewhere'>): readonly Block[] {
  const link = checkedLink(proof.link);
  return [
    button(words.lead, words.button, link),
    paragraph(
      'This mail has no code, since many were sent to this address today. Open the link in the browser where you asked for it.',
    ),
    paragraph(`The link is good for ${inMinutes(proof.minutes)}.`),
    smallPrint(words.unasked),
    spelledOut(link),
  ];
}

/**
 * Link, code, how long they last and what to do if nobody asked.
 * @throws TypeError when the link is not http(s), the code not digits, or the minutes not a positive integer
 */
export function proofBlocks(proof: Proof, words: ProofWords): readonly Block[] {
  const link = checkedLink(proof.link);
  return [
    button(words.lead, words.button, link),
    // Where the code belongs is said with it: it is what somebody who phishes would ask for.
    paragraph(`${words.elsewhere} Type this code there, and only at ${new URL(link).host}:`),
    codeBox(checkedCode(proof.code)),
    paragraph(`The link and the code are good for ${inMinutes(proof.minutes)}.`),
    smallPrint(words.unasked),
    spelledOut(link),
  ];
}
