/** What can be wrong with the database as a whole, in words for whoever operates Headrace. */

export class StandbyError extends Error {
  readonly code = 'HR_DATABASE_STANDBY';
  constructor() {
    super('This PostgreSQL server is a standby: decisions must be taken on the primary. Point DATABASE_URL at the primary');
    this.name = 'StandbyError';
  }
}

export class SchemaTooOldError extends Error {
  readonly code = 'HR_SCHEMA_TOO_OLD';
  constructor(found: number, needed: number) {
    super(`The database schema is at version ${found} and this Headrace needs version ${needed}: run \`headrace db migrate\``);
    this.name = 'SchemaTooOldError';
  }
}

export class SchemaTooNewError extends Error {
  readonly code = 'HR_SCHEMA_TOO_NEW';
  constructor(found: number, known: number) {
    super(`The database schema is at version ${found}, but this Headrace knows versions up to ${known} only: upgrade Headrace`);
    this.name = 'SchemaTooNewError';
  }
}

export class MigrationChangedError extends Error {
  readonly code = 'HR_MIGRATION_CHANGED';
  constructor(file: string) {
    super(`Migration ${file} is not the one that was applied to this database: restore the file, and make changes in a new migration`);
    this.name = 'MigrationChangedError';
  }
}

/** A row that others point to is not there: the caller named something that never existed or was deleted. */
export class NoSuchRowError extends Error {
  readonly code = 'HR_NO_SUCH_ROW';
  constructor(what: string, id: string) {
    super(`There is no ${what} ${id} in the database`);
    this.name = 'NoSuchRowError';
  }
}
