/** What DAGs declare of the assets that their tasks read and make, as edges of the graph of data. */
import type { LineageFlow, QueryStore } from '@headrace/ports';

export type DeclaredFlow = Omit<LineageFlow, 'runId' | 'seenAt'>;

const DAGS_AT_ONCE = 1_000;
const MOST_DAGS = 10_000;

/** Of the newest version of each DAG. `written` is empty for a task that only reads. */
export async function declaredFlows(queries: Pick<QueryStore, 'dags'>): Promise<readonly DeclaredFlow[]> {
  const flows: DeclaredFlow[] = [];
  for (let offset = 0; offset < MOST_DAGS; offset += DAGS_AT_ONCE) {
    const { items } = await queries.dags({}, { limit: DAGS_AT_ONCE, offset });
    for (const { dagId, spec } of items) {
      for (const { taskId, inlets = [], outlets = [] } of spec.tasks) {
        const reads = inlets.map(assetPlace);
        const written = outlets.length === 0 && reads.length > 0 ? [''] : outlets.map(assetPlace);
        flows.push(...written.map((place) => ({ dagId, taskId, written: place, kind: 'asset', reads, columns: [] })));
      }
    }
    if (items.length < DAGS_AT_ONCE) break;
  }
  return flows;
}

function assetPlace(name: string): string {
  return `asset:${name}`;
}
