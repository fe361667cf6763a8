import { assertColumns, type Columns, type RunValue, type Source, type Target } from '@headrace/sdk';

/** A condition in MongoDB's own words. Run values and dates may stand anywhere; other types as in Extended JSON: `{ $oid: '…' }`. */
export type MongoFilter = { readonly [field: string]: MongoFilterValue };
export type MongoFilterValue = RunValue | RegExp | readonly MongoFilterValue[] | { readonly [name: string]: MongoFilterValue };

export interface MongoCollectionOptions {
  /** Which documents to read. */
  readonly filter?: MongoFilter;
  /** Which fields the server sends. Default: with declared columns those that they need, else all. */
  readonly projection?: Readonly<Record<string, 0 | 1>>;
  /**
   * Whether documents are read in the order of their `_id`, so that a lost connection is taken up where it broke (default), or in the
   * server's own order, which can be faster where `filter` is served by another index; then a lost connection fails the attempt.
   */
  readonly resumable?: boolean;
  /** How decimals are written: as Decimal128 (default; a value with more than 34 digits fails the load), or as text. */
  readonly decimals?: 'decimal128' | 'text';
  /** How instants are written: as Date (default; it has milliseconds, and a value with microseconds fails the load), or as text. */
  readonly timestamps?: 'date' | 'text';
}

/**
 * The columns to read, with their types; a dotted name is a field of a nested document. Without: `_id`, as text, and `document`, all of it
 * as JSON. What a collection holds is not guessed from a sample.
 */
export interface MongoColumns<C extends Columns> {
  readonly columns: C;
}

/** What is read where no columns are declared. */
export interface MongoDocument extends Columns {
  readonly _id: 'text';
  readonly document: 'json';
}

/** A MongoDB connection (`mongodb://…` or `mongodb+srv://…`, with the database as its path). */
export interface MongoDb {
  readonly connector: 'mongodb';
  readonly connection: string;
  /** A collection. One that is written to is created if it is not there. */
  collection(name: string, options?: MongoCollectionOptions): Source<MongoDocument> & Target;
  collection<const C extends Columns>(name: string, options: MongoCollectionOptions & MongoColumns<C>): Source<C> & Target<C>;
}

/** Names a MongoDB connection as a place to read from and write to. */
export function mongodb(connection: string): MongoDb {
  return {
    connector: 'mongodb',
    connection,
    collection<C extends Columns>(
      name: string,
      { columns, ...settings }: MongoCollectionOptions & Partial<MongoColumns<C>> = {},
    ): Source<C> & Target<C> {
      if (columns) assertColumns(columns, `mongodb("${connection}").collection("${name}")`);
      return {
        connector: 'mongodb',
        connection,
        kind: 'collection',
        settings: { name, ...settings },
        ...(columns === undefined ? {} : { columns }),
      };
    },
  };
}
