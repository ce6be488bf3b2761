import type { Child } from 'hono/jsx';

/** Said politely by screen readers: what happened, or (`tone` good) that something went as asked. */
export function Notice({ children, tone }: { children: Child; tone: 'good' | 'note' }) {
  return (
    <p class={`banner ${tone}`} role="status">
      {children}
    </p>
  );
}

/** Said at once by screen readers; takes the focus where no field does, so that nobody looks for what happened. */
export function Alert({ children, focus = false }: { children: Child; focus?: boolean }) {
  return (
    <p class="banner bad" role="alert" tabindex={-1} autofocus={focus}>
      {children}
    </p>
  );
}

/** Attributes that tie a field to what is wrong with it, or to its hint. */
export function describe(name: string, problem: string | undefined, hasHint = false) {
  const ids = [problem ? `${name}-problem` : '', hasHint ? `${name}-hint` : ''].filter(Boolean).join(' ');
  return { 'aria-invalid': problem ? ('true' as const) : undefined, 'aria-describedby': ids || undefined };
}

export function Problem({ field, text }: { field: string; text: string | undefined }) {
  return text ? (
    <p class="problem" id={`${field}-problem`}>
      {text}
    </p>
  ) : null;
}

/** A moment in a time zone, for people; the exact one for machines. `at` is ISO 8601, `timeZone` an IANA name. */
export function Moment({ at, timeZone }: { at: string; timeZone: string }) {
  return <time datetime={at}>{formatter(timeZone).format(new Date(at))}</time>;
}

const formatters = new Map<string, Intl.DateTimeFormat>();

/** Making one takes longer than the rest of a page, and people of one deployment live in few zones. */
function formatter(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone);
  if (known) return known;
  const made = makeFormatter(timeZone);
  if (formatters.size >= 500) formatters.clear();
  formatters.set(timeZone, made);
  return made;
}

function makeFormatter(timeZone: string): Intl.DateTimeFormat {
  const options = { dateStyle: 'medium', timeStyle: 'short' } as const;
  try {
    return new Intl.DateTimeFormat('en-GB', { ...options, timeZone });
  } catch {
    // A name that came in by an import, past the check of the profile's form.
    return new Intl.DateTimeFormat('en-GB', { ...options, timeZone: 'UTC' });
  }
}
