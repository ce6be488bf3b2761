export * from './account.ts';
export * from './auth.ts';
export * from './auth-credentials.ts';
export * from './auth-proofs.ts';
export * from './oauth.ts';
export * from './oauth-records.ts';
export * from './organizations.ts';
export * from './webhooks.ts';
