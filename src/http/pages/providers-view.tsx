import type { SocialAccountView } from '../../domain/auth/social/views.ts';
import { Alert, Moment } from './parts.tsx';

/** A provider as pages name it. */
export interface ProviderItem {
  readonly name: string;
  readonly title: string;
}

interface ButtonsState {
  readonly providers: readonly ProviderItem[];
  readonly verb: string;
  readonly wide?: boolean;
}

/** One button per provider; the one that is pressed says which. */
export function ProviderButtons({ providers, verb, wide = false }: ButtonsState) {
  return (
    <>
      {providers.map(({ name, title }) => (
        <button type="submit" name="provider" value={name} class={wide ? 'wide quiet' : 'quiet less'}>
          {verb} {title}
        </button>
      ))}
    </>
  );
}

export interface LinkedState {
  readonly accounts: readonly SocialAccountView[];
  readonly providers: readonly ProviderItem[];
  /** What a provider is called, set up here or not. */
  readonly titleOf: (name: string) => string;
  readonly nonce: string;
  readonly timeZone: string;
  readonly refusal?: string | null;
}

/** The accounts at providers that sign a person in, and buttons to link more. Nothing where there is neither. */
export function LinkedAccounts({ accounts, providers, titleOf, nonce, timeZone, refusal }: LinkedState) {
  if (accounts.length === 0 && providers.length === 0 && !refusal) return <></>;
  return (
    <section class="card stack" aria-labelledby="providers">
      <h2 id="providers">Linked accounts</h2>
      {refusal ? <Alert focus>{refusal}</Alert> : null}
      {accounts.length > 0 ? (
        <ul class="list">
          {accounts.map((account) => (
            <Linked account={account} title={titleOf(account.provider)} nonce={nonce} timeZone={timeZone} />
          ))}
        </ul>
      ) : (
        <p class="small soft">None yet. Link one to sign in with it.</p>
      )}
      {providers.length > 0 ? (
        <form method="post" action="/account/social/link" class="row">
          <input type="hidden" name="nonce" value={nonce} />
          <ProviderButtons providers={providers} verb="Link" />
        </form>
      ) : null}
    </section>
  );
}

interface OneLinked {
  readonly account: SocialAccountView;
  readonly title: string;
  readonly nonce: string;
  readonly timeZone: string;
}

function Linked({ account, title, nonce, timeZone }: OneLinked) {
  const about = [account.name, account.email].filter(Boolean).join(' · ');
  return (
    <li class="row apart">
      <div class="body">
        <h3>{title}</h3>
        {about ? (
          <p class="small soft" id={`about-${account.id}`}>
            {about}
          </p>
        ) : null}
        <p class="small soft">
          Linked <Moment at={account.createdAt} timeZone={timeZone} />
          {account.lastUsedAt ? (
            <>
              , last used <Moment at={account.lastUsedAt} timeZone={timeZone} />
            </>
          ) : null}
        </p>
      </div>
      <form method="post" action="/account/social/unlink">
        <input type="hidden" name="nonce" value={nonce} />
        <input type="hidden" name="account_id" value={account.id} />
        <button
          type="submit"
          class="quiet less"
          aria-label={`Unlink ${title}`}
          aria-describedby={about ? `about-${account.id}` : undefined}
        >
          Unlink
        </button>
      </form>
    </li>
  );
}
