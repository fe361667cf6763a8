export * from './admission.ts';
export * from './attempt-report.ts';
export * from './dag.ts';
export * from './run.ts';
export * from './states.ts';
