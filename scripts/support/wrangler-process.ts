/**
 * Runs wrangler's development server by its API, as a program of its own (`wrangler-dev.ts` starts it). Its command line
 * cannot leave out two doors that any page of a browser can open: workerd's inspector, a WebSocket that asks for no
 * Origin and runs code in the Worker; and the debug port by which development servers find each other.
 */
import { unstable_startWorker as startWorker } from 'wrangler';
import type { WranglerSettings } from './wrangler-dev.ts';

const [settings = ''] = process.argv.slice(2);
const { port, envFile, script, persistTo } = JSON.parse(settings) as WranglerSettings;

await startWorker({
  config: 'wrangler.toml',
  entrypoint: script,
  envFiles: [envFile],
  build: script === undefined ? {} : { bundle: false },
  dev: {
    remote: false,
    server: { hostname: '127.0.0.1', port },
    inspector: false,
    registry: undefined,
    persist: persistTo ?? false,
    watch: script === undefined,
  },
});
