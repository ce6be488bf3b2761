import { Hono } from 'hono';
import * as z from 'zod';
import { describe, expect, it } from 'vitest';
import type { AppEnv } from '../../src/http/open-context.ts';
import { refusalBody, statusOf } from '../../src/http/respond.ts';
import { createRest } from '../../src/http/rest.ts';
import { safeJson } from '../../src/lib/text.ts';
import { describeError, publicProcedure, router } from '../../src/trpc.ts';
import { newPerson, newSession } from '../support/owner.ts';
import { owner, PUBLIC_URL, readMail, send } from '../support/worker.ts';

interface Sent {
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

/** Calls `/v1` and gives status, headers and JSON. A text or bytes go as they are. */
async function rest(method: string, path: string, { token, body, headers }: Sent = {}) {
  const isRaw = typeof body === 'string' || body instanceof Uint8Array;
  const request = new Request(`${PUBLIC_URL}/v1${path}`, {
    method,
    headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    body: isRaw ? (body as BodyInit) : JSON.stringify(body),
  });
  const response = await send(request);
  const json = (await response.json()) as Record<string, unknown> & {
    error?: { code: string; message: string; fields?: unknown };
  };
  return { status: response.status, headers: response.headers, json };
}

const newEmail = () => `${crypto.randomUUID()}@example.com`;

describe('the story in REST', () => {
  it('asks for a link, signs in, lists the session, ends it, and is refused', async () => {
    const email = newEmail();
    const asked = await rest('POST', '/auth/magic-links', { body: { email, delivery: 'bearer' } });
    expect(asked).toMatchObject({
      status: 200,
      json: { expires_at: expect.stringMatching(/Z$/), request_secret: expect.any(String) },
    });
    const mail = await readMail(email);
    const body = { token: mail?.token, request_secret: asked.json.request_secret, delivery: 'bearer' };
    const signedIn = await rest('POST', '/auth/magic-links/verify', { body });
    expect(signedIn.status).toBe(200);
    const token = String(signedIn.json.session_token);
    const sessions = await rest('GET', '/auth/sessions', { token });
    expect(sessions.json.items).toEqual([
      expect.objectContaining({ id: signedIn.json.session_id, is_current: true, auth_method: 'magic_link' }),
    ]);
    const ended = await rest('DELETE', `/auth/sessions/${String(signedIn.json.session_id)}`, { token });
    expect(ended).toMatchObject({ status: 200, json: {} });
    const refused = await rest('GET', '/auth/sessions', { token });
    expect(refused).toMatchObject({
      status: 401,
      json: { error: { code: 'session.revoked', request_id: refused.headers.get('x-request-id') } },
    });
  });

  it('changes a profile under snake_case names', async () => {
    const { token } = await newPerson(owner);
    const body = { display_name: 'Ada', time_zone: 'Europe/Paris', bio: null };
    const changed = await rest('PATCH', '/account/profile', { token, body });
    expect(changed).toMatchObject({ status: 200, json: body });
    expect(Object.keys(changed.json).filter((key) => /[A-Z]/.test(key))).toEqual([]);
  });

  it('reads numbers from the query, and pages by cursor', async () => {
    const { token, userId } = await newPerson(owner);
    for (let made = 0; made < 3; made += 1) {
      await owner.query('insert into login_history (id, user_id, event_type, success) values ($1, $2, $3, true)', [
        crypto.randomUUID(),
        userId,
        'sign_in',
      ]);
    }
    const first = await rest('GET', '/auth/login-history?limit=2', { token });
    expect(first.json.items).toHaveLength(2);
    const second = await rest('GET', `/auth/login-history?limit=2&cursor=${String(first.json.next_cursor)}`, { token });
    expect(second.json).toMatchObject({ items: [{ event_type: 'sign_in' }], next_cursor: null });
  });

  it('ends only the session that is named', async () => {
    const person = await newPerson(owner);
    const other = await newSession(owner, person.userId);
    expect((await rest('DELETE', `/auth/sessions/${other.sessionId}`, { token: person.token })).status).toBe(200);
    expect((await rest('GET', '/auth/session', { token: person.token })).status).toBe(200);
    expect((await rest('GET', '/auth/session', { token: other.token })).status).toBe(401);
  });
});

describe('a request that cannot be read is refused by what is wrong with it', () => {
  const links = '/auth/magic-links';

  it.each<[string, Sent, number, string]>([
    ['cut JSON', { body: '{"email":' }, 400, 'body.malformed'],
    ['bytes that are no UTF-8', { body: new Uint8Array([0x22, 0xff, 0x22]) }, 400, 'body.malformed'],
    [
      'a form',
      { body: 'email=a', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      415,
      'content_type.unsupported',
    ],
    [
      'no content type',
      { body: new Uint8Array([0x7b, 0x7d]), headers: { 'content-type': '' } },
      415,
      'content_type.unsupported',
    ],
    [
      'another charset',
      { body: '{}', headers: { 'content-type': 'application/json; charset=latin1' } },
      415,
      'content_type.unsupported',
    ],
    ['a list', { body: [] }, 400, 'input.invalid'],
    ['a text', { body: '"text"' }, 400, 'input.invalid'],
    ['nothing', {}, 400, 'input.invalid'],
    ['too much', { body: JSON.stringify({ email: 'a'.repeat(300_000) }) }, 413, 'body.too_large'],
  ])('%s', async (_, sent, status, code) => {
    expect(await rest('POST', links, sent)).toMatchObject({ status, json: { error: { code } } });
  });

  it('names fields as the caller wrote them', async () => {
    const { json } = await rest('POST', links, { body: { email: newEmail(), redirect_url: 7 } });
    expect(json.error).toMatchObject({ code: 'input.invalid', fields: [{ path: 'redirect_url' }] });
    expect(json.error?.message).toMatch(/^redirect_url: /);
  });

  it('takes one spelling of a field only', async () => {
    const { json } = await rest('POST', links, { body: { email: newEmail(), redirectUrl: '/account' } });
    expect(json.error).toMatchObject({ code: 'input.invalid', message: 'redirectUrl: is written redirect_url here' });
  });

  it('takes a query field once, and a number as a number', async () => {
    const { token } = await newPerson(owner);
    const twice = await rest('GET', '/auth/login-history?limit=1&limit=2', { token });
    expect(twice).toMatchObject({
      status: 400,
      json: { error: { fields: [{ path: 'limit', message: 'must stand in the query only once' }] } },
    });
    for (const limit of ['', 'ten', '1e1', '0x1', ' 1', '101', '1.5', 'NaN']) {
      const refused = await rest('GET', `/auth/login-history?limit=${encodeURIComponent(limit)}`, { token });
      expect(refused).toMatchObject({
        status: 400,
        json: { error: { code: 'input.invalid', fields: [{ path: 'limit' }] } },
      });
    }
  });

  it.each(['%00', '%ED%A0%80', '%', 'x', '%2e%2e'])('an id of the path that is none: %s', async (id) => {
    const { token } = await newPerson(owner);
    const refused = await rest('DELETE', `/auth/sessions/${id}`, { token });
    expect([400, 404, 405]).toContain(refused.status);
  });

  it('another method, with those there are', async () => {
    const refused = await rest('PUT', '/auth/sessions');
    expect(refused).toMatchObject({ status: 405, json: { error: { code: 'method.not_allowed' } } });
    expect(refused.headers.get('allow')).toBe('GET, HEAD');
    expect((await rest('PUT', '/account/profile')).headers.get('allow')).toBe('GET, HEAD, PATCH');
  });

  it('an unknown address', async () => {
    expect(await rest('GET', '/auth/nothing')).toMatchObject({
      status: 404,
      json: { error: { code: 'route.not_found' } },
    });
  });

  it('nobody’s body is read before the credential is', async () => {
    expect(await rest('PATCH', '/account/profile', { body: '{"cut' })).toMatchObject({
      status: 401,
      json: { error: { code: 'credential.missing' } },
    });
  });
});

const odd = router({
  odd: router({
    echo: publicProcedure
      .meta({ openapi: { method: 'PUT', path: '/odd/{oddId}/echo' } })
      .input(z.object({ oddId: z.string() }))
      .input(
        z.object({
          freeForm: safeJson.optional(),
          byName: z.record(z.string(), z.object({ innerValue: z.number() })).optional(),
          someItems: z.array(z.object({ itemName: z.string() })).optional(),
          eitherOr: z.union([z.object({ oneThing: z.string() }), z.object({ otherThing: z.number() })]).optional(),
        }),
      )
      .output(z.object({ gotInput: z.unknown(), theItems: z.array(z.object({ itemName: z.string() })).optional() }))
      .mutation(({ input }) => ({ gotInput: input, theItems: input.someItems })),
    search: publicProcedure
      .meta({ openapi: { method: 'GET', path: '/odd/search' } })
      .input(
        z.object({
          onlyNew: z.boolean().optional(),
          someKinds: z.array(z.number()).default([]),
          freeText: z.string().nullish(),
        }),
      )
      .output(z.object({ gotInput: z.unknown() }))
      .query(({ input }) => ({ gotInput: input })),
    get: publicProcedure
      .meta({ openapi: { method: 'GET', path: '/odd/{oddId}' } })
      .input(z.object({ oddId: z.string() }))
      .output(z.object({ gotInput: z.unknown() }))
      .query(({ input }) => ({ gotInput: input })),
    boom: publicProcedure
      .meta({ openapi: { method: 'GET', path: '/odd/boom' } })
      .output(z.object({}))
      .query(() => {
        throw new Error('secret');
      }),
  }),
});

const oddApp = new Hono<AppEnv>()
  .use(async (c, next) => {
    c.set('ctx', {
      facts: { requestId: 'r', idempotency: { key: null, caller: null } },
    } as unknown as AppEnv['Variables']['ctx']);
    await next();
  })
  .route('/', createRest(odd));
oddApp.onError((error, c) => c.json(refusalBody(describeError(error), 'r'), statusOf(describeError(error))));

async function callOdd(method: string, path: string, body?: string): Promise<unknown> {
  const headers = body === undefined ? undefined : { 'content-type': 'application/json' };
  return (await oddApp.request(path, { method, headers, body })).json();
}

describe('any schema', () => {
  it('has its keys mapped both ways, and free-form JSON left alone', async () => {
    const body = {
      free_form: { keepMe: { as_i_am: [{ theseToo: 1 }] } },
      by_name: { someKey: { inner_value: 1 }, other_key: { inner_value: 2 } },
      some_items: [{ item_name: 'a' }],
      either_or: { other_thing: 3 },
    };
    expect(await callOdd('PUT', '/odd/x/echo', JSON.stringify(body))).toEqual({
      got_input: {
        oddId: 'x',
        freeForm: body.free_form,
        byName: { someKey: { innerValue: 1 }, other_key: { innerValue: 2 } },
        someItems: [{ itemName: 'a' }],
        eitherOr: { otherThing: 3 },
      },
      the_items: [{ item_name: 'a' }],
    });
  });

  it('names a wrong field deep inside as it was sent', async () => {
    const issue = async (body: unknown) =>
      (await callOdd('PUT', '/odd/x/echo', JSON.stringify(body))) as { error: { fields: { path: string }[] } };
    expect((await issue({ some_items: [{ item_name: 1 }] })).error.fields[0]?.path).toBe('some_items.0.item_name');
    expect((await issue({ by_name: { someKey: { inner_value: 'x' } } })).error.fields[0]?.path).toBe(
      'by_name.someKey.inner_value',
    );
    expect((await issue({ some_items: [{ itemName: 'a' }] })).error.fields).toEqual([
      { path: 'some_items.0.itemName', message: 'is written item_name here' },
    ]);
  });

  it('takes "__proto__" as a key like any other', async () => {
    const answer = await callOdd(
      'PUT',
      '/odd/x/echo',
      '{"__proto__":{"some_items":[{"item_name":"a"}]},"either_or":{"__proto__":{"oneThing":"x"}}}',
    );
    expect(answer).toMatchObject({ error: { code: 'input.invalid', fields: [{ path: 'either_or' }] } });
  });

  it('refuses a body that contradicts the path', async () => {
    expect(await callOdd('PUT', '/odd/x/echo', '{"odd_id":"y"}')).toMatchObject({
      error: { code: 'input.invalid', message: 'odd_id: differs from the one in the path' },
    });
    expect(await callOdd('PUT', '/odd/x/echo', '{"odd_id":"x"}')).toEqual({ got_input: { oddId: 'x' } });
  });

  it('reads booleans and lists from the query, and nothing else', async () => {
    expect(await callOdd('GET', '/odd/search?only_new=false&some_kinds=1&some_kinds=2&free_text=null')).toEqual({
      got_input: { onlyNew: false, someKinds: [1, 2], freeText: 'null' },
    });
    expect(await callOdd('GET', '/odd/search?some_kinds=1')).toEqual({ got_input: { someKinds: [1] } });
    expect(await callOdd('GET', '/odd/search?only_new=1')).toMatchObject({ error: { fields: [{ path: 'only_new' }] } });
    expect(await callOdd('GET', '/odd/search?some_kinds=1&some_kinds=x')).toMatchObject({
      error: { fields: [{ path: 'some_kinds.1' }] },
    });
  });

  it('does not hide a literal address behind a parameter, and decodes the parameter', async () => {
    expect(await callOdd('GET', '/odd/search')).toEqual({ got_input: { someKinds: [] } });
    expect(await callOdd('GET', '/odd/a%2Fb%20c')).toEqual({ got_input: { oddId: 'a/b c' } });
  });

  it('says nothing of a bug', async () => {
    expect(await callOdd('GET', '/odd/boom')).toEqual({
      error: { code: 'internal.error', message: 'Something went wrong on our side.', request_id: 'r' },
    });
  });
});
