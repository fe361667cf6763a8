/** DAG files, their versions, and what is wrong with them. */
import type { CatalogStore, ImportError, StoredImportError } from '@headrace/ports';
import type { Database } from '../database.ts';
import { transaction } from '../transaction.ts';
import { type ImportErrorRow, importErrorOf } from './import-error.ts';
import { markRemoved, saveFile } from './save-file.ts';

const SAVE_ERROR = `
  insert into import_error as e (file, line, column_number, code, message, stack)
  values ($1, $2, $3, $4, $5, $6)
  on conflict (file) do update
  set line = excluded.line, column_number = excluded.column_number, code = excluded.code, message = excluded.message,
    stack = excluded.stack, at = now()`;

export function createCatalogStore(database: Database): CatalogStore {
  const work = () => database.lane('work');
  return {
    saveFile: (loaded) => saveFile(work(), loaded),

    async saveImportError({ file, line, column, code, message, stack }: ImportError) {
      await work().query(SAVE_ERROR, [
        file,
        line ?? null,
        column ?? null,
        code,
        storableText(message),
        stack === undefined ? null : storableText(stack),
      ]);
    },

    async removeFile(file) {
      await transaction(work(), async (client) => {
        await markRemoved(client, file, []);
        await client.query('delete from import_error where file = $1', [file]);
      });
    },

    async files() {
      const { rows } = await work().query<{ file: string }>(
        'select file from dag where removed_at is null union select file from import_error order by file',
      );
      return rows.map((row) => row.file);
    },

    async importErrors(): Promise<readonly StoredImportError[]> {
      const { rows } = await work().query<ImportErrorRow>(
        'select id, file, line, column_number, code, message, stack, at from import_error order by file',
      );
      return rows.map(importErrorOf);
    },
  };
}

/** Text that Postgres takes: it knows no NUL. */
function storableText(text: string): string {
  return text.replaceAll('\0', '').toWellFormed();
}
