import type { ConnectorView } from '../../domain/oauth/views.ts';
import { describe, Problem } from './parts.tsx';
import { exampleOf } from './provider-names.ts';

/** The form of one connector, as it was typed and refused. */
export interface ConnectFormState {
  readonly connector: string;
  /** By the parameter's name. */
  readonly values: Readonly<Record<string, string>>;
  readonly problems: Readonly<Record<string, string>>;
}

interface ConnectState {
  readonly connector: ConnectorView;
  /** Whether an account there is connected already. */
  readonly isAnother: boolean;
  readonly nonce: string;
  readonly typed: ConnectFormState | undefined;
}

/** Begins connecting an account: a button, and a field for each thing that the provider's addresses need. */
export function ConnectForm({ connector, isAnother, nonce, typed }: ConnectState) {
  const { name, title, parameters } = connector;
  return (
    <li>
      <form method="post" action="/account/connections/connect" class={parameters.length > 0 ? 'stack' : 'row apart'}>
        <h3>{title}</h3>
        {parameters.map((parameter) => (
          <ParameterField connector={connector} parameter={parameter} typed={typed} />
        ))}
        <button
          type="submit"
          class="quiet less"
          aria-label={isAnother ? `Connect another ${title} account` : `Connect ${title}`}
        >
          {isAnother ? 'Connect another' : 'Connect'}
        </button>
        <input type="hidden" name="nonce" value={nonce} />
        <input type="hidden" name="connector" value={name} />
      </form>
    </li>
  );
}

interface FieldState {
  readonly connector: ConnectorView;
  readonly parameter: string;
  readonly typed: ConnectFormState | undefined;
}

function ParameterField({ connector: { name, title, parameters }, parameter, typed }: FieldState) {
  const id = `${name}-${parameter}`;
  const problem = typed?.problems[parameter];
  const first = parameters.find((candidate) => typed?.problems[candidate] !== undefined);
  return (
    <div>
      <label for={id}>
        <span class="unseen">{title}: </span>
        {labelOf(parameter)}
      </label>
      <input
        id={id}
        name={parameterField(parameter)}
        required
        maxlength={255}
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        autofocus={parameter === first}
        value={typed?.values[parameter] ?? ''}
        {...describe(id, problem, !problem)}
      />
      <Problem field={id} text={problem} />
      {problem ? null : (
        <p class="hint" id={`${id}-hint`}>
          Such as {exampleOf(name, parameter)}
        </p>
      )}
    </div>
  );
}

/** The name of the field that holds a parameter: apart from those that every form has. */
export function parameterField(parameter: string): string {
  return `parameter_${parameter}`;
}

/** "shop" as people read it: "Shop". */
function labelOf(parameter: string): string {
  const words = parameter.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
