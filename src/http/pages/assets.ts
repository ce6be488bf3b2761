import type { Handler } from 'hono';
import { AppError } from '../../errors.ts';
import type { AppEnv } from '../open-context.ts';
import { scripts } from './browser/index.ts';
import { styles } from './styles.ts';

const javaScript = { extension: 'js', type: 'text/javascript; charset=utf-8' } as const;

const files = {
  style: { content: styles.trimStart(), name: 'style', extension: 'css', type: 'text/css; charset=utf-8' },
  signIn: { content: scripts.signIn, name: 'sign-in', ...javaScript },
  stepUp: { content: scripts.stepUp, name: 'step-up', ...javaScript },
  account: { content: scripts.account, name: 'account', ...javaScript },
  notMe: { content: scripts.notMe, name: 'not-me', ...javaScript },
  link: { content: scripts.link, name: 'link', ...javaScript },
  token: { content: scripts.token, name: 'token', ...javaScript },
  submit: { content: scripts.submit, name: 'submit', ...javaScript },
} as const;

/** The files that pages refer to. */
export type Asset = keyof typeof files;

const addresses = new Map<Asset, string>();

/** The address of an asset. It changes with the content, so browsers may keep it for ever. */
export function assetPath(asset: Asset): string {
  const known = addresses.get(asset);
  if (known) return known;
  const { content, name, extension } = files[asset];
  const path = `/assets/${name}.${fingerprint(content)}.${extension}`;
  addresses.set(asset, path);
  return path;
}

/** Serves /assets/…; an address of an older content is 404 rather than a mixture of versions. */
export const serveAsset: Handler<AppEnv> = (c) => {
  const asset = (Object.keys(files) as Asset[]).find((name) => assetPath(name) === c.req.path);
  if (!asset) throw new AppError('route.not_found');
  const { content, type } = files[asset];
  return c.body(content, 200, { 'content-type': type, 'cache-control': 'public, max-age=31536000, immutable' });
};

/** FNV-1a over UTF-16 units, twice 32 bits. It tells versions apart and protects nothing, so it need not be slow. */
function fingerprint(text: string): string {
  return [0x811c9dc5, 0x01000193].map((seed) => fnv(text, seed).toString(16).padStart(8, '0')).join('');
}

function fnv(text: string, seed: number): number {
  let hash = seed;
  for (let index = 0; index < text.length; index += 1)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0;
  return hash;
}

/** The mark of the product: a gate. Its own colours, since a favicon has no page around it. */
export const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#1d4ed8"/><path d="M8 25V14a8 8 0 0 1 16 0v11M13 25V15.5a3 3 0 0 1 6 0V25M6.5 25h19" fill="none" stroke="#fff" stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round"/></svg>`;

export const serveIcon: Handler<AppEnv> = (c) =>
  c.body(icon, 200, { 'content-type': 'image/svg+xml', 'cache-control': 'public, max-age=86400' });
