export { MigrationChangedError, NoSuchRowError, SchemaTooNewError, SchemaTooOldError, StandbyError } from './errors.ts';
export { type ExportedRows, type ExportOptions, exportTables, UnknownTableError } from './schema/export-tables.ts';
export { type DatabaseInspection, inspectDatabase } from './schema/inspect-database.ts';
export { type MigrateOptions, migrate } from './schema/migrate.ts';
export { createStore, type PostgresStore, type StoreOptions } from './store.ts';
