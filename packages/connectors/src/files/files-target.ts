/** Writes rows to one CSV file, which takes the place of the old one in one step. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { checkedPath, DataError, type DuckSession, ident, literal, type TargetConnector, urlOf } from '@headrace/dataplane';
import type { Column, FileResult } from '@headrace/sdk';

export const filesTarget: TargetConnector = {
  dispositions: ['replace'],

  async write({ target, rows }, work): Promise<FileResult> {
    if (target.kind !== 'csv') throw new DataError('HR_FILE_KIND', `A file cannot be written as "${target.kind}"; use files(…).csv(…)`);
    const path = checkedPath(String(target.settings.name));
    const root = await work.root(target.connection);
    const file = join(work.scratch, 'report.csv');
    const written = await writeCsv(work.duck, rows.relation, file, String(target.settings.delimiter ?? ','));
    work.signal.throwIfAborted();
    await root.publish(file, path);
    work.log.info(`published ${urlOf(root, path)}`, { path });
    return {
      kind: 'file',
      connection: target.connection,
      path,
      rows: written,
      bytes: (await stat(file)).size,
      columns: rows.relation.columns,
      checks: rows.checks,
    };
  },
};

function writeCsv(
  duck: DuckSession,
  relation: { readonly select: string; readonly columns: readonly Column[] },
  file: string,
  delimiter: string,
): Promise<number> {
  const columns = relation.columns.map((column) =>
    column.type === 'bytes' ? `'\\x' || lower(hex(${ident(column.name)})) as ${ident(column.name)}` : ident(column.name),
  );
  return duck.run(
    `copy (select ${columns.join(', ')} from (${relation.select})) to ${literal(file)} (format csv, header true, delimiter ${literal(delimiter)}, quote '"', nullstr '')`,
  );
}
