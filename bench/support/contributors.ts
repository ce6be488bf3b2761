/** The package a source file belongs to, or the folder of ours. */
export function contributorOf(path: string): string {
  const packages = [...path.matchAll(/node_modules\/((?:@[^/]+\/)?[^/]+)/g)];
  const last = packages.at(-1)?.[1];
  // The maps inside drizzle-orm's package name its sources as if they lay beside it.
  if (last === 'src') return 'drizzle-orm';
  if (last) return last;
  const own = /(?:^|\/)((?:src|drizzle|bench)(?:\/[^/]+(?=\/))?)/.exec(path)?.[1];
  return own ?? 'wrangler';
}

/** Whether a contributor is a folder of ours. */
export function isOurs(contributor: string): boolean {
  return /^(?:src|drizzle)(?:\/|$)/.test(contributor);
}
