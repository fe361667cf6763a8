/** The connectors' builders: light and pure, because every DAG bundle contains them. What executes them is in `executors.ts`. */
export * from './files/files.ts';
export * from './lake.ts';
export * from './postgres/postgres.ts';
