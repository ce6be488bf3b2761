/**
 * Hands on what Cloudflare would: a batch of a queue, or a cron event, to the Worker beside it. It answers what the
 * handler did with it. One JSON body in, one out.
 */
const decode = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

/** A body as the producer's binding encoded it. */
function readBody({ contentType, body }) {
  const bytes = decode(body);
  if (contentType === 'json') return { body: JSON.parse(new TextDecoder().decode(bytes)) };
  if (contentType === 'text') return { body: new TextDecoder().decode(bytes) };
  return contentType === 'bytes' ? { body: bytes } : { serializedBody: bytes };
}

export default {
  async fetch(request, env) {
    const event = await request.json();
    if (event.kind === 'scheduled') {
      const { cron, time } = event;
      return Response.json(await env.WORKER.scheduled({ cron, scheduledTime: new Date(time) }));
    }
    const messages = event.messages.map(({ id, timestamp, attempts, ...message }) => ({
      id,
      timestamp: new Date(timestamp),
      attempts,
      ...readBody(message),
    }));
    return Response.json(await env.WORKER.queue(event.queue, messages));
  },
};
