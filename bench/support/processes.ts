export * from '../../scripts/support/processes.ts';
