import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { listProcedures } from '../src/http/rest/procedures.ts';
import { appRouter } from '../src/routers/index.ts';
import { main, readCommandLine } from './support/command-line.ts';
import { renderErrors, renderProcedures } from './support/render-docs.ts';

const help = `
npm run docs [-- --check] [--json]

Writes the pages of docs/ that are generated: errors.md from src/errors.ts, procedures.md from the
procedures themselves.

  --check    write nothing; exit 1 when a page is stale
  --json     print { stale: [...] }: the pages that were (or would be) changed
`;

await main(async () => {
  const { values } = readCommandLine(help, {
    check: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  });
  const pages = new Map([
    ['docs/errors.md', renderErrors()],
    ['docs/procedures.md', renderProcedures(listProcedures(appRouter))],
  ]);
  const stale = [...pages].filter(([file, text]) => !existsSync(file) || readFileSync(file, 'utf8') !== text);
  if (!values.check) for (const [file, text] of stale) writeFileSync(file, text);
  const names = stale.map(([file]) => file);
  if (values.json) console.log(JSON.stringify({ stale: names }));
  else if (names.length === 0) console.log('The generated pages are up to date.');
  else console.log(values.check ? `Stale: ${names.join(', ')}. Run: npm run docs` : `Wrote ${names.join(', ')}.`);
  return values.check && names.length > 0 ? 1 : 0;
});
