import { ImportErrorCollection, ImportErrorEntry, ImportErrorListQuery } from '@headrace/api-contract';
import { presentImportError } from '../answers/import-error.ts';
import { ApiProblem } from '../http/api-problem.ts';
import { answers, path, permit } from '../http/route-schema.ts';
import type { Routes } from './context.ts';
import { given } from './filters.ts';
import { pageOf } from './page.ts';

const tags = ['Import Error'];

export const importErrorRoutes: Routes = async (app, { deps: { queries, catalog } }) => {
  app.get(
    '/importErrors',
    {
      ...permit('read', 'dag'),
      schema: {
        operationId: 'get_import_errors',
        tags,
        querystring: ImportErrorListQuery,
        response: answers(ImportErrorCollection, 'HR_UNKNOWN_ORDER'),
      },
    },
    async ({ query }) => {
      const { items, total } = await queries.importErrors(pageOf(query), given({ filePattern: query.filename_pattern }));
      return { import_errors: items.map(presentImportError), total_entries: total };
    },
  );

  app.get(
    '/importErrors/:import_error_id',
    {
      ...permit('read', 'dag'),
      schema: {
        operationId: 'get_import_error',
        tags,
        params: path('import_error_id'),
        response: answers(ImportErrorEntry, 'HR_IMPORT_ERROR_NOT_FOUND'),
      },
    },
    async ({ params }) => {
      const id = params.import_error_id;
      const found = (await catalog.importErrors()).find((error) => error.id === String(id));
      if (found === undefined)
        throw new ApiProblem('HR_IMPORT_ERROR_NOT_FOUND', `There is no import error ${id}; the file may have been repaired`);
      return presentImportError(found);
    },
  );
};
