/** The connectors' builders: light and pure, because every DAG bundle contains them. What executes them is in `executors.ts`. */
export { type FoundFile, type WaitForFileOptions, type WaitForFilesOptions, waitForFile } from './conditions/wait-for-file.ts';
export { type HttpAnswer, type JsonCondition, type WaitForHttpOptions, waitForHttp } from './conditions/wait-for-http.ts';
export { type CellOf, type RowOf, type WaitForRowCountOptions, type WaitForRowOptions, waitForRows } from './conditions/wait-for-rows.ts';
export * from './files/files.ts';
export * from './http/http.ts';
export * from './lake.ts';
export * from './mongodb/mongodb.ts';
export * from './mysql/mysql.ts';
export * from './packages.ts';
export type { ChangeColumns, ChangesOptions } from './postgres/cdc/changes-place.ts';
export * from './postgres/postgres.ts';
export * from './quarantine.ts';
export * from './rest/pagination.ts';
export * from './rest/rest.ts';
export type { DeclaredColumns, QueryOptions, TableOptions } from './sql/table-place.ts';
