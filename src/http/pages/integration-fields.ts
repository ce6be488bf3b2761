import type { ServiceView } from '../../domain/integrations/views.ts';
import type { AppError } from '../../errors.ts';
import { parameterField } from './connect-form.tsx';
import { exampleOf, parametersOf } from './provider-names.ts';
import { problemsOf } from './words.ts';

/** What a form asks for to connect an account of a service. */
export interface Field {
  readonly name: string;
  readonly label: string;
  readonly hint: string;
  readonly isRequired: boolean;
}

/** A service's form, as it was typed and refused. */
export interface ServiceFormState {
  readonly service: string;
  /** By the field's name. */
  readonly values: Readonly<Record<string, string>>;
  readonly problems: Readonly<Record<string, string>>;
}

/** Whether an account of it is linked by its id there, without anybody's grant. */
export function isMessaging({ type }: Pick<ServiceView, 'type'>): boolean {
  return type === 'messaging';
}

/** Whether an account of it can be connected here, by its id or through its provider. */
export function canConnect(service: ServiceView): boolean {
  return service.isActive && (isMessaging(service) || service.isConnectable);
}

/** The fields of a service: an id where it is a messenger; else what the addresses of its provider need. */
export function fieldsOf(service: ServiceView): Field[] {
  return isMessaging(service) ? messagingFields(service.name) : parametersOf(service.connector).map(fieldOf(service));
}

function messagingFields(name: string): Field[] {
  return [
    {
      name: 'external_user_id',
      label: 'Id',
      hint: `The number or other id that ${name} knows the account by, not a name that people see.`,
      isRequired: true,
    },
    { name: 'external_username', label: 'Username', hint: 'If it has one.', isRequired: false },
  ];
}

function fieldOf({ connector }: ServiceView) {
  return (parameter: string): Field => {
    const words = parameter.replaceAll('_', ' ');
    return {
      name: parameterField(parameter),
      label: words.charAt(0).toUpperCase() + words.slice(1),
      hint: `Such as ${exampleOf(connector, parameter)}`,
      isRequired: true,
    };
  };
}

/** What was typed for the places of the provider's addresses. One that is empty is left out. */
export function parametersIn(
  { connector }: ServiceView,
  values: Readonly<Record<string, string>>,
): Record<string, string> {
  const entries = parametersOf(connector).map((name) => [name, (values[parameterField(name)] ?? '').trim()] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== ''));
}

/** A service's form with what is wrong in it, where the API refused what was typed; undefined for other refusals. */
export function serviceProblems(
  service: ServiceView,
  values: Readonly<Record<string, string>>,
  refusal: AppError,
): { readonly service: ServiceFormState } | undefined {
  const problems = isMessaging(service) ? messagingProblems(refusal) : parameterProblems(service, refusal);
  return Object.keys(problems).length > 0 ? { service: { service: service.id, values, problems } } : undefined;
}

const messagingWords = {
  externalUserId: ['external_user_id', 'An id has 1 to 255 characters on one line, and none that turns its direction.'],
  externalUsername: [
    'external_username',
    'A username has at most 255 characters on one line, and none that turns its direction.',
  ],
} as const;

function messagingProblems(refusal: AppError): Readonly<Record<string, string>> {
  if (refusal.code === 'integration.incomplete') return { external_user_id: 'Type the id of the account.' };
  return problemsOf(refusal, messagingWords);
}

function parameterProblems(service: ServiceView, refusal: AppError): Readonly<Record<string, string>> {
  if (refusal.code !== 'input.invalid') return {};
  return Object.fromEntries(
    parametersOf(service.connector).map((name) => [
      parameterField(name),
      `Write it like this: ${exampleOf(service.connector, name)}`,
    ]),
  );
}
