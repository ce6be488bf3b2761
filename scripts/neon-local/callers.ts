/** Who may speak to a server on a developer's machine: programs of this machine, and no page of a browser. */
import type { IncomingMessage } from 'node:http';

/**
 * Whether a Host header names this machine. A page of a foreign site that has its own name point to 127.0.0.1 (DNS
 * rebinding) still says that name here. The port is not looked at: a browser names the one that it connects to, and
 * a forwarded one (`ssh -L`) is another.
 */
export function isLoopbackHost(host: string | undefined): boolean {
  return host !== undefined && /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i.test(host);
}

/** Why a request is refused; null: nothing speaks against it. */
export function callerRefusal({ headers }: Pick<IncomingMessage, 'headers'>): string | null {
  if (!isLoopbackHost(headers.host)) {
    return 'ask at localhost, 127.0.0.1 or [::1]: other hosts are refused, since any page can have a name point here';
  }
  // Programs send neither header. Browsers send Origin with every POST, and with what goes to another origin.
  const site = headers['sec-fetch-site'] ?? 'none';
  if (headers.origin !== undefined || (site !== 'none' && site !== 'same-origin')) {
    return 'requests of web pages are refused';
  }
  return null;
}
