import { AppError } from '../errors.ts';
import type { Connector, Parameters } from './types.ts';

/**
 * Holds values for the places of a connector's addresses to its rules: each of them there, and no other.
 * @throws input.invalid, with a message that names the parameter and not its value
 */
export function checkParameters({ title, grant }: Connector, parameters: Parameters): Parameters {
  const rules = Object.entries(grant?.parameters ?? {});
  const unknown = Object.keys(parameters).find((name) => !rules.some(([known]) => known === name));
  if (unknown !== undefined) {
    const shown = /^\w{1,40}$/.test(unknown) ? `"${unknown}"` : 'of that name';
    throw new AppError('input.invalid', { message: `${title} has no parameter ${shown}.` });
  }
  const checked = rules.map(([name, { pattern, example }]) => {
    const value = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    if (value === undefined) throw new AppError('input.invalid', { message: `${title} needs "${name}".` });
    if (typeof value !== 'string' || !pattern.test(value)) {
      throw new AppError('input.invalid', { message: `"${name}" must be as in "${example}".` });
    }
    return [name, value] as const;
  });
  return Object.fromEntries(checked);
}
