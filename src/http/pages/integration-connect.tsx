import type { ServiceView } from '../../domain/integrations/views.ts';
import { canConnect, type Field, fieldsOf, isMessaging, type ServiceFormState } from './integration-fields.ts';
import { ServiceMark } from './integration-parts.tsx';
import { describe, Problem } from './parts.tsx';

interface ConnectState {
  readonly service: ServiceView;
  /** Whether an account of it is linked already. */
  readonly isAnother: boolean;
  readonly nonce: string;
  readonly typed: ServiceFormState | undefined;
}

/** One service that can be connected: a button, or a form behind a press where something has to be typed. */
export function ConnectService({ service, ...state }: ConnectState) {
  const isOffered = canConnect(service);
  const fields = isOffered ? fieldsOf(service) : [];
  return (
    <li>
      <div class="row apart">
        <h3 class="service">
          <ServiceMark service={service} />
          <span>{service.name}</span>
        </h3>
        {isOffered ? null : <p class="small soft">Not available here</p>}
        {isOffered && fields.length === 0 ? <ConnectForm service={service} fields={fields} {...state} /> : null}
      </div>
      {fields.length > 0 ? (
        <details open={state.typed !== undefined}>
          <summary>{verb(service, state.isAnother)}</summary>
          <ConnectForm service={service} fields={fields} {...state} />
        </details>
      ) : null}
    </li>
  );
}

function verb({ name }: ServiceView, isAnother: boolean): string {
  return isAnother ? `Connect another ${name} account` : `Connect ${name}`;
}

type FormState = ConnectState & { readonly fields: readonly Field[] };

function ConnectForm({ service, fields, isAnother, nonce, typed }: FormState) {
  const action = isMessaging(service) ? '/integrations/link' : '/integrations/connect';
  return (
    <form method="post" action={action} class={fields.length > 0 ? 'stack' : undefined}>
      <input type="hidden" name="nonce" value={nonce} />
      <input type="hidden" name="service" value={service.id} />
      {fields.map((field) => (
        <TextField service={service} field={field} typed={typed} />
      ))}
      <button type="submit" class="quiet less" aria-label={verb(service, isAnother)}>
        {isAnother ? 'Connect another' : 'Connect'}
      </button>
    </form>
  );
}

interface FieldState {
  readonly service: ServiceView;
  readonly field: Field;
  readonly typed: ServiceFormState | undefined;
}

function TextField({ service, field, typed }: FieldState) {
  const id = `${service.id}-${field.name}`;
  const problem = typed?.problems[field.name];
  const [first] = Object.keys(typed?.problems ?? {});
  return (
    <div>
      <label for={id}>
        <span class="unseen">{service.name}: </span>
        {field.label}
      </label>
      <input
        id={id}
        name={field.name}
        dir="auto"
        required={field.isRequired}
        maxlength={255}
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        autofocus={field.name === first}
        value={typed?.values[field.name] ?? ''}
        {...describe(id, problem, true)}
      />
      <Problem field={id} text={problem} />
      <p class="hint" id={`${id}-hint`}>
        {field.hint}
      </p>
    </div>
  );
}
