import { runLegacy } from './legacy/run.ts';
import { main } from './support/command-line.ts';

await main(() => runLegacy(process.argv.slice(2), process.env));
