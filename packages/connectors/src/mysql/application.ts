import type { Disposition } from '@headrace/sdk';
import type { MysqlClient } from './connect.ts';
import type { PriorLoad } from './load-record.ts';
import type { TargetTable } from './target-table.ts';

/** Staged rows that are to be brought into a table, and how. */
export interface Application {
  readonly client: MysqlClient;
  readonly table: TargetTable;
  /** Those of the rows that are written. */
  readonly columns: readonly string[];
  readonly disposition: Disposition;
  readonly partition: Readonly<Record<string, string>>;
  readonly loadId: string;
  /** Of which the load speaks: `2017-06-20 00:00:00.000000`, in UTC. */
  readonly instant: string;
  readonly staged: number;
  /** The load's last commit. */
  readonly prior: PriorLoad | undefined;
}
