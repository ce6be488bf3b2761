import type { ProfileView } from '../../domain/account/schemas.ts';
import type { PasskeyView } from '../../domain/auth/passkeys/views.ts';
import type { LoginEvent, SessionView } from '../../domain/auth/schemas.ts';
import type { SocialAccountView } from '../../domain/auth/social/views.ts';
import type { TokenView } from '../../domain/auth/tokens/views.ts';
import type { ConnectionView } from '../../domain/oauth/views.ts';
import { ConnectionsCard } from './connections-card.tsx';
import { type EmailFormState, EmailForm } from './email-form.tsx';
import { HistoryList } from './history-view.tsx';
import type { ConnectorView } from '../../domain/oauth/views.ts';
import { IntegrationsCard, type LinkedServices } from './integrations-card.tsx';
import { Notice } from './parts.tsx';
import { PasskeyList } from './passkeys-view.tsx';
import { fieldsOf, ProfileForm, type ProfileFormState } from './profile-form.tsx';
import { titleOfProvider } from './provider-names.ts';
import { LinkedAccounts, type ProviderItem } from './providers-view.tsx';
import { SessionList } from './sessions-view.tsx';
import { emptyToken, type TokenFormState } from './token-form.tsx';
import { TokenList } from './tokens-view.tsx';

/** The parts of the page, by the id of their heading. */
export type Section = 'profile' | 'email' | 'passkeys' | 'providers' | 'sessions' | 'tokens';

/** The forms that were sent and refused, as they were typed. */
export interface Typed {
  readonly profile?: ProfileFormState;
  readonly email?: EmailFormState;
  readonly token?: TokenFormState;
}

/** What the API says of an account. */
export interface AccountData {
  readonly profile: ProfileView;
  readonly passkeys: readonly PasskeyView[];
  readonly accounts: readonly SocialAccountView[];
  readonly providers: readonly ProviderItem[];
  readonly connections: readonly ConnectionView[];
  readonly connectors: readonly ConnectorView[];
  readonly integrations: LinkedServices;
  readonly sessions: readonly SessionView[];
  readonly tokens: readonly TokenView[];
  readonly history: {
    readonly items: readonly LoginEvent[];
    readonly nextCursor: string | null;
    /** Whether this is not its newest page. */
    readonly isOlder: boolean;
  };
}

/** Everything /account shows. */
export interface AccountState extends AccountData {
  readonly nonce: string;
  readonly notice: string | null;
  readonly problem: { readonly section: Section; readonly text: string } | null;
  readonly typed?: Typed;
}

/** What one can jump to. */
export function accountParts({ accounts, providers, connections, connectors }: AccountData) {
  const linked = accounts.length + providers.length > 0 ? [['providers', 'Linked accounts'] as const] : [];
  const connected = connections.length + connectors.length > 0 ? [['connections', 'Connections'] as const] : [];
  return [
    ['profile', 'Profile'],
    ['email', 'E-mail'],
    ['passkeys', 'Passkeys'],
    ...linked,
    ...connected,
    ['integrations', 'Integrations'],
    ['sessions', 'Sessions'],
    ['tokens', 'API tokens'],
    ['history', 'Activity'],
  ] as const;
}

export function AccountView(state: AccountState) {
  const { profile, nonce, notice, problem, typed } = state;
  const timeZone = profile.timeZone ?? 'UTC';
  const common = (section: Section) => ({
    nonce,
    timeZone,
    refusal: problem?.section === section ? problem.text : null,
  });
  return (
    <>
      {notice ? <Notice tone="good">{notice}</Notice> : null}
      <div class="head">
        <h1>{profile.displayName ? `Hello, ${profile.displayName}` : 'Your account'}</h1>
        <p class="soft">
          {profile.email ? `Signed in as ${profile.email}. ` : ''}
          Times are in {profile.timeZone ? profile.timeZone.replaceAll('_', ' ') : 'UTC, until you choose a time zone'}.
        </p>
      </div>
      <div class="columns">
        <div>
          <ProfileForm {...(typed?.profile ?? { values: fieldsOf(profile), problems: {} })} {...common('profile')} />
          <EmailForm current={profile.email} {...(typed?.email ?? { email: '', problems: {} })} {...common('email')} />
          <PasskeyList passkeys={state.passkeys} {...common('passkeys')} />
          <LinkedAccounts
            accounts={state.accounts}
            providers={state.providers}
            titleOf={titleOfProvider}
            {...common('providers')}
          />
          <ConnectionsCard connections={state.connections} connectors={state.connectors} />
          <IntegrationsCard {...state.integrations} />
        </div>
        <div>
          <SessionList sessions={state.sessions} {...common('sessions')} />
          <TokenList tokens={state.tokens} form={typed?.token ?? emptyToken} {...common('tokens')} />
          <HistoryList {...state.history} timeZone={timeZone} />
        </div>
      </div>
    </>
  );
}

export function SignOutForm() {
  return (
    <form method="post" action="/account/sign-out">
      <button type="submit" class="quiet less">
        Sign out
      </button>
    </form>
  );
}
