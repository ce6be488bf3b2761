/** What a person may leave out when asked for it, with how the page says it. Nothing stands behind them. */
export const resourceScopes: Readonly<Record<string, string>> = {
  'calendar.read': 'Read your calendar',
  'files.read': 'Read your files',
};

/** The resource scopes among those that a client asks for. */
export function resourceScopesOf(scope: string): string[] {
  return scope.split(' ').filter((name) => name in resourceScopes);
}
