/** A transform, of whatever kind: rows in, rows out, published as by a load. */
import type { DatasetResult } from '@headrace/sdk';
import type { Execute } from '../operation.ts';
import { transformByProgram } from './program-rows.ts';
import { transformByQuery } from './query-rows.ts';
import type { TransformKind, TransformOperation } from './transform-operation.ts';
import { transformRows } from './transform-rows.ts';
import { transformInside } from './warehouse.ts';

export const executeTransform: Execute = async (request, work, connectors): Promise<DatasetResult> => {
  const operation = request.operation as unknown as TransformOperation;
  const where = `transform "${request.context.taskId}"`;
  const given = { operation, inputs: request.inputs, where };
  const result = await kindOf(operation)(given, work, connectors);
  work.log.info(`transformed into ${result.rows} rows`, { rows: result.rows, kind: result.kind });
  return result;
};

function kindOf({ form, program, row, batch }: TransformOperation): TransformKind {
  if (form !== undefined) return transformInside;
  if (program !== undefined) return transformByProgram;
  return row !== undefined || batch !== undefined ? transformRows : transformByQuery;
}
