/**
 * What tasks make of which data, as they last told: the edges of the graph of data.
 *
 * A place is written `connector:connection/name`, as `placeName` does.
 */
import type { Instant } from '@headrace/core';
import type { DataPlace, NewLoad } from './data-report-store.ts';

/** A task, a place that it wrote, and what that was made of. */
export interface LineageFlow {
  readonly dagId: string;
  readonly taskId: string;
  readonly written: string;
  readonly kind: string;
  readonly reads: readonly string[];
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** Column written → columns of places read. Absent: that cannot be told. */
  readonly madeOf?: Readonly<Record<string, readonly { readonly place: string; readonly column: string }[]>>;
  /** The run that told it last, and when, to an hour: what is as it was is not written down each time. */
  readonly runId: string;
  readonly seenAt: Instant;
}

/** Exactly one of them is given. */
export interface LineageFilter {
  /** Written by these flows. */
  readonly written?: readonly string[];
  /** Read by these flows. */
  readonly reads?: readonly string[];
  readonly dagId?: string;
  /** Written or read: a part of the name. */
  readonly like?: string;
}

export interface LineageStore {
  /** In the order of DAG, task and place. */
  flows(filter: LineageFilter, limit: number): Promise<readonly LineageFlow[]>;
  /** Of the DAGs that are in a file, in the order of their ids. What the versions say is not read. */
  newestVersions(limit: number): Promise<readonly { readonly dagId: string; readonly versionId: string }[]>;
  /** What tasks of these versions declare; those that declare nothing are left out. */
  declared(versionIds: readonly string[]): Promise<readonly DeclaredTask[]>;
}

/** A task that says which assets it reads and makes. */
export interface DeclaredTask {
  readonly versionId: string;
  readonly taskId: string;
  readonly inlets: readonly string[];
  readonly outlets: readonly string[];
}

/** What of a flow follows from a load, by each place that it wrote. `inputs`: the name that the task calls a place by → the place. */
export type ToldFlow = Pick<LineageFlow, 'written' | 'kind' | 'reads' | 'columns' | 'madeOf'> & {
  readonly inputs: Readonly<Record<string, string>>;
};

/** The flows of a load; none where it does not tell its lineage. */
export function flowsOf({ kind, columns, lineage }: NewLoad): readonly ToldFlow[] {
  if (lineage === undefined) return [];
  const inputs = Object.fromEntries(lineage.reads.flatMap((place) => (place.input === undefined ? [] : [[place.input, placeName(place)]])));
  const reads = [...new Set(lineage.reads.map(placeName))].sort();
  const madeOf = originsOf(lineage.columns, inputs);
  return lineage.writes.map((place) => ({
    written: placeName(place),
    kind,
    reads,
    inputs,
    columns,
    ...(madeOf === undefined ? {} : { madeOf }),
  }));
}

/** Each input by the place that it is. What comes from none that is known is left out. */
function originsOf(
  columns: NonNullable<NewLoad['lineage']>['columns'],
  inputs: Readonly<Record<string, string>>,
): LineageFlow['madeOf'] | undefined {
  if (columns === undefined) return undefined;
  const known = Object.entries(columns).map(([name, origins]) => {
    const found = origins.flatMap(({ input, column }) => {
      const place = inputs[input];
      return place === undefined ? [] : [{ place, column }];
    });
    return [name, found] as const;
  });
  return Object.fromEntries(known);
}

export function placeName({ connector, connection, name }: DataPlace): string {
  return `${connector}:${connection}/${name}`;
}
