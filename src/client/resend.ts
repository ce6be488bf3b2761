/** What the client needs of a `fetch`. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/**
 * A fetch that sends the very same request once more when no whole answer came: the connection failed, or broke while
 * the body was read. The headers stay, so the `Idempotency-Key` too, and the second request has no second effect.
 * An answer of any status is an answer, and an aborted request stays aborted.
 */
export function resendOnce(fetch: Fetch): Fetch {
  const sendWhole: Fetch = async (url, init) => {
    const response = await fetch(url, init);
    const body = await response.arrayBuffer();
    const { status, statusText, headers } = response;
    return new Response(isBodyless(status) ? null : body, { status, statusText, headers });
  };
  return async (url, init) => {
    try {
      return await sendWhole(url, init);
    } catch (error) {
      if (init.signal?.aborted) throw error;
      return sendWhole(url, init);
    }
  };
}

/** `Response` refuses a body with these (Fetch standard, "null body status"). */
function isBodyless(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}
