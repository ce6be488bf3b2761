/** `redirectUrl` → `redirect_url`. Names without a capital stay as they are. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** `redirect_url` → `redirectUrl`, for the keys of one object; what is in it stays. */
export function camelKeys<T extends object>(row: object): T {
  const camel = (name: string) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [camel(name), value])) as T;
}
