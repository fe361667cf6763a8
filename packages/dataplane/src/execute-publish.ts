import { join } from 'node:path';
import type { DatasetResult } from '@headrace/sdk';
import { type Execute, openInput, type PublishOperation } from './operation.ts';
import { publish } from './publish.ts';
import { rereadable } from './relation.ts';

/**
 * Rows as they are → somewhere else. A load brings a package into a lake table or a database's, an export brings rows of the
 * lake out, to a database's table or a file; what differs is the target.
 */
function executePublish(kind: 'load' | 'export'): Execute {
  return async (request, work, connectors): Promise<DatasetResult> => {
    const operation = request.operation as unknown as PublishOperation;
    const relation = await rereadable(work.duck, await openInput(request, work, connectors), join(work.scratch, 'input.parquet'));
    const rows = await work.duck.count(`select count(*) from (${relation.select})`);
    const counts = { in: rows, out: rows, deduplicated: 0, quarantined: 0 };
    const result = await publish(operation, relation, counts, `${kind} "${request.context.taskId}"`, work, connectors);
    work.log.info(`${kind}ed ${result.rows} rows`, { rows: result.rows, to: result.kind });
    return result;
  };
}

export const executeLoad = executePublish('load');
export const executeExport = executePublish('export');
