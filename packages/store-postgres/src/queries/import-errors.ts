/** Import errors as people see them. */
import type { ImportErrorFilter, Listed, Page, StoredImportError } from '@headrace/ports';
import { type ImportErrorRow, importErrorOf } from '../catalog/import-error.ts';
import type { Queryable } from '../database.ts';
import { Conditions } from './conditions.ts';
import { type ListQuery, list } from './list.ts';

const IMPORT_ERRORS: ListQuery<ImportErrorRow, StoredImportError> = {
  columns: 'e.id, e.file, e.line, e.column_number, e.code, e.message, e.stack, e.at',
  from: 'import_error e',
  order: { id: 'e.id', import_error_id: 'e.id', timestamp: 'e.at', filename: 'e.file', stack_trace: 'e.stack', bundle_name: 'e.file' },
  key: 'e.id',
  item: importErrorOf,
};

export function listImportErrors(
  db: Queryable,
  page: Page,
  { filePattern, dagIds }: ImportErrorFilter = {},
): Promise<Listed<StoredImportError>> {
  const conditions = new Conditions().like('e.file', filePattern);
  if (dagIds !== undefined) {
    conditions.add('exists (select from dag d where d.file = e.file and d.dag_id = any(?))', dagIds);
    conditions.add('not exists (select from dag d where d.file = e.file and d.dag_id <> all(?))', dagIds);
  }
  return list(db, IMPORT_ERRORS, conditions, page);
}
