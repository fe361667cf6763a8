/** `headrace db export`: all that Headrace knows, as files. */
import { createWriteStream, mkdirSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Writable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { forService, loadConfiguration } from '@headrace/configuration';
import type { Command } from 'commander';
import { tellAudit } from '../audited-command.ts';
import { UsageError } from '../failures.ts';
import { outputOf } from '../output/output-format.ts';
import { show } from '../output/show.ts';
import { formatTable } from '../output/table.ts';
import { inPlace } from '../output/task-bar.ts';
import type { Terminal } from '../terminal.ts';

interface ExportOptions {
  readonly tables?: string;
  readonly withSecrets?: boolean;
}

export function addDatabaseExportCommand(db: Command, terminal: Terminal): void {
  db.command('export')
    .description('write all tables into a folder, as one snapshot: <table>.ndjson.gz, a JSON object a row')
    .argument('<folder>', 'a new or an empty one')
    .option('--tables <names>', 'only these, separated by commas')
    .option('--with-secrets', 'also what is encrypted, and hashes')
    .action(async (folder: string, options: ExportOptions, command: Command) => {
      const target = resolve(folder);
      mkdirSync(target, { recursive: true, mode: 0o700 });
      if (readdirSync(target).length > 0) throw new UsageError(`${target} is not empty: name a new folder`);
      const { databaseUrl } = forService(await loadConfiguration({ env: terminal.env }));
      const { exportTables } = await import('@headrace/store-postgres');
      const tables = options.tables?.split(',').map((name) => name.trim());
      const counts = new Map<string, number>();
      // Before the first row is out: who breaks it off has what it has written.
      const parameters = { tables: tables ?? [], with_secrets: options.withSecrets ?? false };
      await tellAudit(databaseUrl, [{ action: 'db_export', object: 'system', parameters }]);
      const bar = inPlace(terminal.stderr);
      let open: { table: string; writer: WritableStreamDefaultWriter<string> } | undefined;
      for await (const { table, rows } of exportTables(databaseUrl, {
        withSecrets: options.withSecrets ?? false,
        ...(tables === undefined ? {} : { tables }),
      })) {
        if (open?.table !== table) {
          await open?.writer.close();
          open = { table, writer: writerOf(join(target, `${table}.ndjson.gz`)) };
        }
        if (rows.length > 0) await open.writer.write(`${rows.join('\n')}\n`);
        counts.set(table, (counts.get(table) ?? 0) + rows.length);
        bar.show(counts.size, tables?.length ?? counts.size, `${table}: ${counts.get(table)} rows`);
      }
      await open?.writer.close();
      bar.end();
      const exported = [...counts].map(([table, rows]) => ({ table, rows }));
      show({ output: outputOf(command), terminal }, { folder: target, tables: exported }, () =>
        formatTable(
          ['table', 'rows'],
          exported.map(({ table, rows }) => [table, rows]),
        ),
      );
    });
}

/** Compressed; `close` resolves when all of it is in the file. */
function writerOf(path: string): WritableStreamDefaultWriter<string> {
  const gzip = createGzip();
  const file = createWriteStream(path, { mode: 0o600 });
  const written = new Promise<void>((done, failed) => gzip.pipe(file).on('finish', done).on('error', failed));
  const sink = Writable.toWeb(gzip).getWriter();
  return new WritableStream<string>({
    write: (text) => sink.write(Buffer.from(text)),
    close: async () => {
      await sink.close();
      await written;
    },
  }).getWriter();
}
