export * from './account.ts';
export * from './auth.ts';
export * from './organizations.ts';
export * from './webhooks.ts';
