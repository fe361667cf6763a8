/**
 * What PostgreSQL's output plugin `pgoutput` says, version 1 of its protocol: whole transactions in the order of their commits.
 *
 * A value is the server's text of it, as a part of the message: nothing is copied or converted here.
 */

/** Null is null; undefined is a long value that was not changed and is not in the log. */
export type Value = Buffer | null | undefined;

/** The columns that a table had when what follows was written. */
export interface TableShape {
  readonly oid: number;
  readonly columns: readonly { readonly name: string; readonly oid: number; readonly modifier: number }[];
}

export type LogMessage =
  /** `lsn` is where the commit is. Microseconds since 1970. */
  | { readonly kind: 'begin'; readonly lsn: bigint; readonly committedAt: bigint }
  | { readonly kind: 'shape'; readonly shape: TableShape }
  | { readonly kind: 'insert'; readonly oid: number; readonly row: readonly Value[] }
  | { readonly kind: 'update'; readonly oid: number; readonly old?: OldRow; readonly row: readonly Value[] }
  | { readonly kind: 'delete'; readonly oid: number; readonly old: OldRow }
  | { readonly kind: 'truncate'; readonly oids: readonly number[] };

/** A row before its change: all of it, or only its key. */
export interface OldRow {
  readonly whole: boolean;
  readonly row: readonly Value[];
}

const BEGIN = 0x42;
const RELATION = 0x52;
const INSERT = 0x49;
const UPDATE = 0x55;
const DELETE = 0x44;
const TRUNCATE = 0x54;
const KEY = 0x4b;
const OLD = 0x4f;
const NULL = 0x6e;
const UNCHANGED = 0x75;
/** 2000-01-01 in microseconds. */
const POSTGRES_EPOCH = 946_684_800_000_000n;

/** Undefined for what says nothing about rows: the end of a transaction, its origin, a type. */
export function parseMessage(data: Buffer): LogMessage | undefined {
  switch (data[0]) {
    case BEGIN:
      return { kind: 'begin', lsn: data.readBigUInt64BE(1), committedAt: data.readBigInt64BE(9) + POSTGRES_EPOCH };
    case RELATION:
      return { kind: 'shape', shape: parseShape(data) };
    case INSERT:
      return { kind: 'insert', oid: data.readUInt32BE(1), row: parseRow(data, 6).row };
    case UPDATE:
      return parseUpdate(data);
    case DELETE:
      return { kind: 'delete', oid: data.readUInt32BE(1), old: { whole: data[5] === OLD, row: parseRow(data, 6).row } };
    case TRUNCATE: {
      const oids = Array.from({ length: data.readUInt32BE(1) }, (_, index) => data.readUInt32BE(6 + 4 * index));
      return { kind: 'truncate', oids };
    }
    default:
      return undefined;
  }
}

function parseUpdate(data: Buffer): LogMessage {
  const oid = data.readUInt32BE(1);
  if (data[5] !== KEY && data[5] !== OLD) return { kind: 'update', oid, row: parseRow(data, 6).row };
  const old = parseRow(data, 6);
  return { kind: 'update', oid, old: { whole: data[5] === OLD, row: old.row }, row: parseRow(data, old.end + 1).row };
}

function parseRow(data: Buffer, start: number): { readonly row: readonly Value[]; readonly end: number } {
  const count = data.readUInt16BE(start);
  const row: Value[] = [];
  let at = start + 2;
  for (let index = 0; index < count; index += 1) {
    const kind = data[at];
    at += 1;
    if (kind === NULL) row.push(null);
    else if (kind === UNCHANGED) row.push(undefined);
    else {
      const length = data.readUInt32BE(at);
      row.push(data.subarray(at + 4, at + 4 + length));
      at += 4 + length;
    }
  }
  return { row, end: at };
}

function parseShape(data: Buffer): TableShape {
  let at = 5;
  const text = (): string => {
    const end = data.indexOf(0, at);
    const found = data.toString('utf8', at, end);
    at = end + 1;
    return found;
  };
  // Schema, name and replica identity: the table is known by its oid.
  text();
  text();
  const count = data.readUInt16BE(at + 1);
  at += 3;
  const columns = Array.from({ length: count }, () => {
    at += 1;
    const name = text();
    at += 8;
    return { name, oid: data.readUInt32BE(at - 8), modifier: data.readInt32BE(at - 4) };
  });
  return { oid: data.readUInt32BE(1), columns };
}
