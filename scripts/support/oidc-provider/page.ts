import type { Account } from './accounts.ts';
import { resourceScopes } from './scopes.ts';

const style = `
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 26rem; margin: 3rem auto; padding: 0 1rem; color: #1b1b1f; }
  button { font: inherit; display: block; width: 100%; margin: 0 0 .75rem; padding: .75rem 1rem; text-align: start;
    color: inherit; background: #fff; border: 1px solid #6b6b76; border-radius: .5rem; cursor: pointer; }
  button:hover { background: #f2f2f5; }
  button:focus-visible { outline: 3px solid #2b5bd7; outline-offset: 2px; }
  small { display: block; color: #55555f; }
  fieldset { margin: 0 0 1rem; padding: .5rem 1rem .75rem; border: 1px solid #6b6b76; border-radius: .5rem; }
  label { display: block; padding: .25rem 0; }
  .plain { border-color: transparent; text-align: center; }
`;

/**
 * The provider's one page: who signs in. Choosing somebody also agrees to what the client asks for, but for the resource
 * scopes whose tick was taken away.
 */
export function chooserPage(accounts: readonly Account[], scopes: readonly string[], action: string): string {
  const choices = accounts.map(
    (account) => `
      <button name="account" value="${escape(account.subject)}">${escape(account.name)}
        <small>${escape(account.email)}${account.isEmailVerified ? '' : ' (not verified)'}</small></button>`,
  );
  return pageOf(
    'Demo provider',
    `<p>This provider runs on your machine, for development. Who signs in?</p>
    <form method="post" action="${escape(action)}">${scopeChoice(scopes)}${choices.join('')}
      <button name="cancel" value="yes" class="plain">Cancel</button>
    </form>`,
  );
}

function scopeChoice(scopes: readonly string[]): string {
  if (scopes.length === 0) return '';
  const boxes = scopes.map(
    (name) => `
        <label><input type="checkbox" name="scope" value="${escape(name)}" checked> ${escape(resourceScopes[name] ?? name)}
        </label>`,
  );
  return `
      <fieldset><legend>The application asks for leave to</legend>${boxes.join('')}
      </fieldset>`;
}

/** What a browser is shown when the provider refuses. */
export function errorPage(error: string, description: string): string {
  return pageOf('The provider refused', `<p>${escape(description)}</p><p><code>${escape(error)}</code></p>`);
}

function pageOf(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>${title}</title>
    <style>${style}</style>
  </head>
  <body>
    <main>
    <h1>${title}</h1>
    ${content}
    </main>
  </body>
</html>
`;
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
