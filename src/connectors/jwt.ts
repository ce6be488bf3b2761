import { toBase64Url } from '../lib/secrets.ts';
import type { Claims } from './types.ts';

const encoder = new TextEncoder();

/**
 * Header and payload of a JWT, unchecked: good for finding what to check it with, and for nothing else. Empty where it
 * is no JWT; the check then fails.
 */
export function peekAtJwt(token: unknown): { readonly header: Claims; readonly claims: Claims } {
  const [header, claims] = typeof token === 'string' ? token.split('.') : [];
  return { header: decode(header), claims: decode(claims) };
}

function decode(part = ''): Claims {
  try {
    const binary = atob(part.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof value === 'object' && value !== null ? (value as Claims) : {};
  } catch {
    return {};
  }
}

/** Signs a JWT with ES256 (RFC 7518 §3.4). */
export async function signJwt(key: CryptoKey, header: Claims, claims: Claims): Promise<string> {
  const parts = [{ alg: 'ES256', ...header }, claims].map((part) => toBase64Url(encoder.encode(JSON.stringify(part))));
  const input = parts.join('.');
  const algorithm = { name: 'ECDSA', hash: 'SHA-256' };
  const signature = await crypto.subtle.sign(algorithm, key, encoder.encode(input));
  return `${input}.${toBase64Url(new Uint8Array(signature))}`;
}
