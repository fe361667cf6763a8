/** What a lake table can be asked before and after it is written to. */
import type { Place } from '@headrace/sdk';
import type { AuditedTable, TargetConnector, Work } from '../connector.ts';
import { checkedPath } from '../file-root.ts';
import { type LakeSnapshot, newestSnapshot, readSnapshot, snapshotVersions } from './lake-snapshot.ts';
import { lakeSource } from './lake-source.ts';

/** How many earlier loads are looked for. */
const HISTORY = 30;

export const lakeFacts: Required<Pick<TargetConnector, 'redefines' | 'columns' | 'inspect' | 'history'>> = {
  redefines: true,

  async columns(target, work) {
    return (await newestSnapshot(await work.root(target.connection), tableOf(target)))?.columns;
  },

  async inspect<T>(target: Place, work: Work, use: (table: AuditedTable) => Promise<T>): Promise<T> {
    const { select, columns } = await lakeSource.open({ ...target, settings: { name: tableOf(target) } }, work);
    return use({ dialect: 'duckdb', sql: `(${select})`, columns, query: (sql) => work.duck.rows(sql) });
  },

  async history(target, partition, loadId, work) {
    const root = await work.root(target.connection);
    const newest = await newestSnapshot(root, tableOf(target));
    if (!newest) return [];
    if (Object.keys(partition).length > 0) return partitionRows(newest, JSON.stringify(partition));
    const versions = (await snapshotVersions(root, tableOf(target))).slice(-HISTORY).reverse();
    const seen = new Set([loadId]);
    const rows: number[] = [];
    for (const version of versions) {
      const snapshot = version === newest.version ? newest : await readSnapshot(root, tableOf(target), version);
      if (seen.has(snapshot.loadId)) continue;
      seen.add(snapshot.loadId);
      rows.push(snapshot.files.filter((file) => file.loadId === snapshot.loadId).reduce((sum, file) => sum + file.rows, 0));
    }
    return rows;
  },
};

/** The rows of each other partition, the latest first: by value, as days are. */
function partitionRows({ files }: LakeSnapshot, own: string): readonly number[] {
  const rows = new Map<string, number>();
  for (const file of files) {
    const key = JSON.stringify(file.partition);
    if (key !== own) rows.set(key, (rows.get(key) ?? 0) + file.rows);
  }
  return [...rows]
    .sort(([a], [b]) => (a < b ? 1 : -1))
    .slice(0, HISTORY)
    .map(([, count]) => count);
}

function tableOf(target: Place): string {
  return checkedPath(String(target.settings.name));
}
