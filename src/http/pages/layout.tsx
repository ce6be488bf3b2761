import type { Child } from 'hono/jsx';
import { html } from 'hono/html';
import type { Context as HonoContext } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { AppEnv } from '../open-context.ts';
import { type Asset, assetPath } from './assets.ts';

/** What a page is made of. `tools` stand beside the brand; a page without them is one narrow card. */
export interface Page {
  readonly title: string;
  readonly content: Child;
  readonly tools?: Child;
  /** The parts of a long page, to jump to; by their ids. */
  readonly parts?: readonly (readonly [id: string, title: string])[];
  readonly script?: Asset;
  /** Seconds after which the browser loads the page anew, or goes on to another address. */
  readonly refresh?: { readonly seconds: number; readonly to?: string };
}

/** Answers with a page, under a content policy that lets in nothing but our own style sheet and script. */
export function showPage(
  c: HonoContext<AppEnv>,
  page: Page,
  status: ContentfulStatusCode = 200,
): Response | Promise<Response> {
  const { productName, trustedOrigins } = c.get('ctx').settings;
  c.header('content-security-policy', contentPolicy(trustedOrigins));
  // With `no-referrer` browsers send "Origin: null" along with a form (Fetch, "append a request Origin header").
  c.header('referrer-policy', 'same-origin');
  return c.html(html`<!doctype html>${<Document page={page} productName={productName} />}`, status);
}

/** Browsers hold a form's redirect to `form-action` too, and a sign-in may lead to a trusted origin. */
function contentPolicy(trustedOrigins: readonly string[]): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    ['form-action', "'self'", ...trustedOrigins].join(' '),
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ');
}

function Document({ page, productName }: { page: Page; productName: string }) {
  const { title, content, tools, parts, script, refresh } = page;
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <meta name="color-scheme" content="light dark" />
        {refresh ? (
          <meta http-equiv="refresh" content={`${refresh.seconds}${refresh.to ? `; url=${refresh.to}` : ''}`} />
        ) : null}
        <title>{`${title} · ${productName}`}</title>
        <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href={assetPath('style')} />
        {script ? <script src={assetPath(script)}></script> : null}
      </head>
      <body>
        {tools ? (
          <Wide tools={tools} parts={parts ?? []} content={content} name={productName} />
        ) : (
          <Narrow content={content} name={productName} />
        )}
      </body>
    </html>
  );
}

interface WideState {
  readonly tools: Child;
  readonly parts: NonNullable<Page['parts']>;
  readonly content: Child;
  readonly name: string;
}

function Wide({ tools, parts, content, name }: WideState) {
  return (
    <>
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <header class="top">
        <div class="inner">
          <Brand name={name} />
          <div class="row">{tools}</div>
        </div>
        {parts.length > 0 ? (
          <nav class="inner parts" aria-label="On this page">
            {parts.map(([id, title]) => (
              <a href={`#${id}`}>{title}</a>
            ))}
          </nav>
        ) : null}
      </header>
      <main id="content">{content}</main>
    </>
  );
}

function Narrow({ content, name }: { content: Child; name: string }) {
  return (
    <main class="narrow">
      <Brand name={name} />
      <div class="card stack">{content}</div>
    </main>
  );
}

function Brand({ name }: { name: string }) {
  return (
    <a class="brand" href="/">
      <svg viewBox="0 0 32 32" aria-hidden="true" focusable="false">
        <rect width="32" height="32" rx="8" fill="#1d4ed8" />
        <path
          d="M8 25V14a8 8 0 0 1 16 0v11M13 25V15.5a3 3 0 0 1 6 0V25M6.5 25h19"
          fill="none"
          stroke="#fff"
          stroke-width="2.4"
          stroke-linecap="round"
          stroke-linejoin="round"
        />
      </svg>
      {name}
    </a>
  );
}
