import * as z from 'zod';
import { newId } from '../../src/lib/ids.ts';
import type { ProcedureInfo } from './procedures.ts';

/** Texts of the kinds that schemas ask for; the first that a schema takes is its sample. */
const texts = [
  'text',
  '019a0000-0000-7000-8000-000000000001',
  'someone@example.com',
  '123456',
  '2026-01-01T00:00:00.000Z',
  'https://example.com/',
  'Europe/Paris',
  '+33 1 23 45 67 89',
  'profile:read',
];
const scalars = [...texts, true, 1, 0, null, [], {}];

const connectDemo = { connector: 'demo', connectionId: undefined, parameters: undefined, redirectUrl: '/account' };

/** What the walk cannot know: which of several ways to choose, and values that are good for one call. */
const choices: Record<string, () => Record<string, unknown>> = {
  'auth.stepUp': () => ({ response: undefined, code: undefined }),
  'account.confirmEmailChange': () => ({ code: undefined }),
  'account.requestEmailChange': () => ({ email: `${newId()}@example.com` }),
  'auth.startSocialSignIn': () => ({ provider: 'demo', redirectUrl: '/account' }),
  'auth.startSocialLink': () => ({ provider: 'demo', redirectUrl: '/account' }),
  'integrations.link': () => ({ serviceId: 'telegram', connectionId: undefined }),
  'integrations.bulkLink': () => ({ services: [{ serviceId: 'telegram', externalUserId: '1', accessToken: 'text' }] }),
  'integrations.bulkUnlink': () => ({ services: [{ serviceId: 'telegram' }] }),
  'integrations.has': () => ({ service: 'gmail' }),
  'integrations.getToken': () => ({ service: 'gmail' }),
  'integrations.findIncomplete': () => ({ service: 'gmail' }),
  'oauth.connections.connect': () => connectDemo,
  'oauth.apps.connect': () => connectDemo,
  'oauth.connections.getToken': () => ({ connector: 'demo' }),
  'oauth.apps.getToken': () => ({ connector: 'demo' }),
};

/** An input that the procedure's schema accepts, made by walking it: tests of all procedures need no list of inputs. */
export function sampleInput({ path, inputs }: ProcedureInfo, given: Record<string, unknown> = {}): unknown {
  if (inputs.length === 0) return undefined;
  const known = { ...choices[path]?.(), ...given };
  const merged = Object.assign({}, ...inputs.map((schema) => sample(schema, path, known))) as unknown;
  for (const schema of inputs) z.parse(schema, merged);
  return merged;
}

function sample(schema: z.core.$ZodType, path: string, known: Record<string, unknown>): unknown {
  if (schema instanceof z.ZodObject) {
    const fields = Object.entries(schema.shape as Record<string, z.core.$ZodType>);
    return Object.fromEntries(
      fields.map(([name, field]) => [name, name in known ? known[name] : sample(field, `${path}.${name}`, known)]),
    );
  }
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault) {
    return sample(schema.unwrap() as z.core.$ZodType, path, known);
  }
  if (schema instanceof z.ZodEnum) return schema.options.find((option) => z.safeParse(schema, option).success);
  if (schema instanceof z.ZodLiteral) return schema.value;
  if (schema instanceof z.ZodUnion) return sample(schema.options[0] as z.core.$ZodType, path, known);
  if (schema instanceof z.ZodArray) return [sample(schema.element as z.core.$ZodType, path, known)];
  const found = scalars.find((value) => z.safeParse(schema, value).success);
  if (found === undefined) throw new Error(`No sample fits ${path}: add one to test/support/sample-input.ts.`);
  return found;
}
