import { join } from 'node:path';
import type { CursorMove, CursorState, DatasetResult, PackageResult, Place, RowCounts, Source } from '@headrace/sdk';
import type { Connectors, Work } from './connector.ts';
import { readRows } from './cursor/read-rows.ts';
import { copiedLineage, placesOf } from './lineage/places.ts';
import { type Execute, openInput, type PublishOperation } from './operation.ts';
import { publish } from './publish.ts';
import { publishDirectly } from './publish-directly.ts';
import { type Relation, rereadable, writtenRelation } from './relation.ts';

/**
 * Rows as they are → somewhere else. A load brings a package into a lake table or a database's, an export brings rows of the
 * lake out, to a database's table or a file; what differs is the target, and that only a load moves a cursor.
 */
function executePublish(kind: 'load' | 'export'): Execute {
  return async (request, work, connectors): Promise<DatasetResult> => {
    const operation = request.operation as unknown as PublishOperation;
    const where = `${kind} "${request.context.taskId}"`;
    const { source } = request.operation as { source?: Source };
    const result =
      (source && (await publishDirectly(operation, source, where, work, connectors))) ??
      (await publishRows(request, kind, operation, where, work, connectors));
    work.log.info(`${kind}ed ${result.rows} rows`, { rows: result.rows, to: result.kind });
    const places = operation as PublishOperation & { source?: Source; target: Place };
    const isCopy = operation.naming === undefined && operation.nested === undefined;
    const lineage = (isCopy ? copiedLineage : placesOf)(places, request.inputs, result);
    return { ...result, lineage, ...(result.cursor === undefined ? {} : { cursor: withoutBoundary(result.cursor) }) };
  };
}

async function publishRows(...[request, kind, operation, where, work, connectors]: Parameters<typeof inputOf>): Promise<DatasetResult> {
  const { relation, counts, cursor } = await inputOf(request, kind, operation, where, work, connectors);
  return publish(operation, relation, counts, where, work, connectors, cursor);
}

export const executeLoad = executePublish('load');
export const executeExport = executePublish('export');

/** The identities at the boundary are kept with the data; who looks at a result has no use for thousands of them. */
function withoutBoundary({ name, before, after }: CursorMove): CursorMove {
  const short = ({ boundary: _, ...state }: CursorState): CursorState => state;
  return { name, before: before && short(before), after: short(after) };
}

interface Input {
  /** Readable more than once. What its source refused, if anything, is in `refused`, and not in the counts. */
  readonly relation: Relation;
  readonly counts: RowCounts;
  readonly cursor?: CursorMove;
}

async function inputOf(
  request: Parameters<Execute>[0],
  kind: 'load' | 'export',
  operation: PublishOperation,
  where: string,
  work: Work,
  connectors: Connectors,
): Promise<Input> {
  const { source } = request.operation as { source?: Source };
  const { cursor, target, disposition } = operation;
  if (kind === 'load' && source !== undefined && (cursor !== undefined || source.remembers === true)) {
    const home = { task: request.context.taskId, target, disposition };
    const read = await readRows({ source, where, home, ...(cursor === undefined ? {} : { cursor }) }, work, connectors);
    const { refused, columns } = read.relation;
    return {
      relation: { ...writtenRelation(read.written, columns), ...(refused === undefined ? {} : { refused }) },
      counts: { in: read.written.rows + read.deduplicated, out: read.written.rows, deduplicated: read.deduplicated, quarantined: 0 },
      ...(read.move === undefined ? {} : { cursor: read.move }),
    };
  }
  const relation = await rereadable(work.duck, await openInput(request, work, connectors), join(work.scratch, 'input.parquet'));
  const rows = await work.duck.count(`select count(*) from (${relation.select})`);
  const moved = kind === 'load' ? (request.inputs.from as Partial<PackageResult> | undefined)?.cursor : undefined;
  return {
    relation,
    counts: { in: rows, out: rows, deduplicated: 0, quarantined: 0 },
    ...(moved === undefined ? {} : { cursor: moved }),
  };
}
