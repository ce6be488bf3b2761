import { html, raw } from 'hono/html';
import { AppError, type ErrorCode, errors } from '../../errors.ts';
import type { OpenApi } from '../openapi.ts';
import { statusOf } from '../respond.ts';
import { exampleOf, fieldRows, type FieldRow, typeOf } from './fields.ts';
import type { JsonSchema } from './json-schema.ts';
import type { Operation, Parameter } from './operation.ts';
import { referenceStyle } from './reference-style.ts';

type Html = ReturnType<typeof html>;
interface Entry {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

/** The reference as a page: the same document that `/openapi.json` gives, for people. No script, no other host. */
export function referencePage(api: OpenApi): Html {
  const entries = Object.entries(api.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]): Entry => ({ method, path, operation })),
  );
  const groups = api.tags.map((tag) => ({
    ...tag,
    entries: entries.filter(({ operation }) => operation.tags.includes(tag.name)),
  }));
  const base = api.servers[0]?.url ?? '';
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${api.info.title}</title>
        ${raw(`<style>${referenceStyle}</style>`)}
      </head>
      <body>
        <a class="skip" href="#content">Skip to the operations</a>
        <div class="frame">
          <header>
            <h1>${api.info.title}</h1>
            <p class="dim">
              Version ${api.info.version} · <code>${base}</code> · <a href="/openapi.json">OpenAPI document</a>
            </p>
            ${api.info.description.split('\n\n').map((text) => html`<p>${inline(text)}</p>`)}
          </header>
          <div class="columns">
            <nav aria-label="Operations">
              ${groups.map(
                ({ name, entries: own }) =>
                  html`<strong>${name}</strong>
                    <ul>
                      ${own.map(({ operation }) => html`<li><a href="#${operation.operationId}">${labelOf(operation)}</a></li>`)}
                    </ul>`,
              )}
              <strong>Errors</strong>
              <ul>
                <li><a href="#errors">Codes</a></li>
              </ul>
            </nav>
            <main id="content" tabindex="-1">
              ${groups.map(
                (group) =>
                  html`<section aria-labelledby="module-${group.name}">
                    <h2 id="module-${group.name}">${group.name}</h2>
                    <p class="dim">${group.description}</p>
                    ${group.entries.map((entry) => operationArticle(entry, base))}
                  </section>`,
              )}
              ${errorSection()}
            </main>
          </div>
        </div>
      </body>
    </html>`;
}

function operationArticle({ method, path, operation }: Entry, base: string): Html {
  const { operationId, description, requestBody } = operation;
  const parameters = operation.parameters ?? [];
  const body = requestBody?.content['application/json'].schema;
  const answer = answerOf(operation);
  return html`<article id="${operationId}" aria-labelledby="title-${operationId}">
    <h3 id="title-${operationId}">${labelOf(operation)}</h3>
    <p class="route">
      <span class="method ${method}">${method.toUpperCase()}</span> <code>/v1${path}</code>
      <span class="dim">tRPC <code>${operationId}</code></span>
    </p>
    <p>${inline(description)}</p>
    ${parameters.length > 0 ? table('Parameters', parameters.map(parameterRow)) : ''}
    ${body ? table('Body', fieldRows(body)) : ''}
    ${
      answer?.properties && Object.keys(answer.properties).length > 0
        ? table('Answer', fieldRows(answer))
        : html`<h4>Answer</h4>
            <p class="dim">An empty object.</p>`
    }
    <details>
      <summary>Example</summary>
      <pre tabindex="0" aria-label="Example call"><code>${curl({ method, path, operation }, base)}</code></pre>
    </details>
  </article>`;
}

function answerOf({ responses }: Operation): JsonSchema | undefined {
  const done = responses[200];
  return done && 'content' in done ? done.content['application/json'].schema : undefined;
}

function labelOf({ summary, operationId }: Operation): string {
  return summary.replace(/\.$/, '') || operationId;
}

function parameterRow({ name, in: place, required, schema }: Parameter): FieldRow {
  const [row] = fieldRows({ properties: { [name]: schema }, required: required ? [name] : [] });
  return { name, type: `${typeOf(schema)}, in the ${place}`, isRequired: required, notes: row?.notes ?? '' };
}

function table(title: string, rows: readonly FieldRow[]): Html {
  const lines = rows.map(({ isRequired, notes, ...row }) => ({
    ...row,
    notes: [title !== 'Answer' && isRequired ? 'required' : '', notes].filter(Boolean).join('; '),
  }));
  const hasNotes = lines.some(({ notes }) => notes !== '');
  const cells = lines.map(
    ({ name, type, notes }) =>
      html`<tr>
        <th scope="row"><code>${name}</code></th>
        <td>${type}</td>
        ${hasNotes ? html`<td>${notes}</td>` : ''}
      </tr>`,
  );
  return html`<h4>${title}</h4>
    <div class="table">
      <table>
        <thead>
          <tr>
            <th scope="col">Field</th>
            <th scope="col">Type</th>
            ${hasNotes ? html`<th scope="col">Notes</th>` : ''}
          </tr>
        </thead>
        <tbody>
          ${cells}
        </tbody>
      </table>
    </div>`;
}

function errorSection(): Html {
  const rows = Object.entries(errors).map(
    ([code, { message }]) =>
      html`<tr>
        <th scope="row"><code>${code}</code></th>
        <td>${statusOf(new AppError(code as ErrorCode))}</td>
        <td>${message}</td>
      </tr>`,
  );
  return html`<section aria-labelledby="errors">
    <h2 id="errors">Errors</h2>
    <div class="table">
      <table>
        <thead>
          <tr>
            <th scope="col">Code</th>
            <th scope="col">Status</th>
            <th scope="col">Message</th>
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </div>
  </section>`;
}

function curl({ method, path, operation }: Entry, base: string): string {
  const body = operation.requestBody?.content['application/json'].schema;
  const isPublic = operation.security?.length === 0;
  const lines = [
    `curl${method === 'get' ? '' : ` -X ${method.toUpperCase()}`} ${base}${path}`,
    isPublic ? '' : `-H "Authorization: Bearer $TOKEN"`,
    body ? `-H "Content-Type: application/json"` : '',
    body ? `-d '${JSON.stringify(exampleOf(body))}'` : '',
  ];
  return lines.filter(Boolean).join(' \\\n  ');
}

/** Our own texts mark code by backticks and nothing else. */
function inline(text: string): (string | Html)[] {
  return text.split('`').map((part, i) => (i % 2 === 0 ? part : html`<code>${part}</code>`));
}
