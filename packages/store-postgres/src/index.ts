export { MigrationChangedError, NoSuchRowError, SchemaTooNewError, SchemaTooOldError, StandbyError } from './errors.ts';
export { type MigrateOptions, migrate } from './schema/migrate.ts';
export { createStore, type PostgresStore, type StoreOptions } from './store.ts';
