import type { Route } from 'playwright-core';

/** Sends a request as the browser would, and keeps the answer from it. @returns the status of the answer */
export async function sendUnseen(route: Route): Promise<number> {
  const request = route.request();
  const headers = Object.entries(await request.allHeaders()).filter(
    ([name]) => !name.startsWith(':') && name !== 'content-length' && name !== 'host',
  );
  const response = await fetch(request.url(), { method: request.method(), headers, body: request.postData() });
  await response.text();
  return response.status;
}
