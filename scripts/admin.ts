import { runAdmin } from './admin/run.ts';
import { main } from './support/command-line.ts';

await main(() => runAdmin(process.argv.slice(2), process.env));
