export * from '../../scripts/support/postgres.ts';
