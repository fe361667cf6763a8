/**
 * The graph of data: assets, the tasks between them, and which columns are made of which. Ours.
 *
 * L1. Its edges are what tasks told when they last ran (`LineageStore`), and what DAGs declare: outlets and inlets.
 * L2. It is walked from what was asked for, a step a query; a place is looked at once, so that circles end.
 */
import { type LineageColumnEdge, LineageGraph, LineageQuery } from '@headrace/api-contract';
import type { LineageFlow } from '@headrace/ports';
import { dateTime } from '../answers/date-times.ts';
import { invalid } from '../http/api-problem.ts';
import { answers, permit } from '../http/route-schema.ts';
import type { Routes } from './context.ts';
import { DeclaredFlows } from './declared-lineage.ts';

/** Flows that one answer holds. */
const MOST_FLOWS = 2_000;

type Flow = Omit<LineageFlow, 'runId' | 'seenAt'> & Partial<Pick<LineageFlow, 'runId' | 'seenAt'>>;

export const lineageRoutes: Routes = async (app, { deps: { lineage }, lookup }) => {
  const declaredFlows = new DeclaredFlows(lineage);
  app.get(
    '/lineage',
    {
      ...permit('read', 'data'),
      schema: {
        operationId: 'get_lineage',
        tags: ['Lineage'],
        description: 'What an asset, or what a DAG works with, is made of and goes into: assets, tasks and columns.',
        querystring: LineageQuery,
        response: answers(LineageGraph, 'HR_DAG_NOT_FOUND'),
      },
    },
    async ({ query }): Promise<LineageGraph> => {
      const { asset, dag, direction, depth, columns, column } = query;
      if ((asset === undefined) === (dag === undefined)) throw invalid({ field: 'query', message: 'must name either an asset or a DAG' });
      if (column !== undefined && asset === undefined) throw invalid({ field: 'query.column', message: 'is of an asset: name it, too' });
      if (dag !== undefined) await lookup.dag(dag);
      const declared = await declaredFlows.all();
      const walk = new Walk({
        writing: async (places) => [
          ...(await lineage.flows({ written: places }, MOST_FLOWS)),
          ...declared.filter((one) => places.includes(one.written)),
        ],
        reading: async (places) => [
          ...(await lineage.flows({ reads: places }, MOST_FLOWS)),
          ...declared.filter((one) => one.reads.some((place) => places.includes(place))),
        ],
      });
      let roots: readonly string[];
      if (dag !== undefined) {
        const own = [...(await lineage.flows({ dagId: dag }, MOST_FLOWS)), ...declared.filter((one) => one.dagId === dag)];
        for (const flow of own) walk.add(flow);
        roots = [...new Set(own.flatMap((flow) => [...flow.reads, flow.written]))].filter((place) => place !== '').sort();
      } else roots = await placesLike(asset ?? '', (like) => lineage.flows({ like }, MOST_FLOWS), declared);
      if (direction !== 'downstream') await walk.up(roots, depth);
      if (direction !== 'upstream') await walk.down(roots, depth);
      const edges = column === undefined ? walk.columnEdges() : edgesOf(column, roots, walk.columnEdges(), direction);
      return { roots: [...roots], ...walk.graph(), column_edges: columns ? [...edges] : [] };
    },
  );
};

/** The place of exactly this name, else all of which it is a part. */
async function placesLike(
  asset: string,
  find: (like: string) => Promise<readonly Flow[]>,
  declared: readonly Flow[],
): Promise<readonly string[]> {
  const known = [...new Set([...(await find(asset)), ...declared].flatMap((flow) => [flow.written, ...flow.reads]))];
  const exact = known.filter((place) => place === asset || place === `asset:${asset}`);
  if (exact.length > 0) return exact;
  return known.filter((place) => place.includes(asset)).sort();
}

interface Edges {
  writing(places: readonly string[]): Promise<readonly Flow[]>;
  reading(places: readonly string[]): Promise<readonly Flow[]>;
}

class Walk {
  readonly #edges: Edges;
  readonly #flows = new Map<string, Flow>();
  #cut = false;

  constructor(edges: Edges) {
    this.#edges = edges;
  }

  add(flow: Flow): void {
    if (this.#flows.size < MOST_FLOWS) this.#flows.set(JSON.stringify([flow.dagId, flow.taskId, flow.written]), flow);
    else this.#cut = true;
  }

  up(from: readonly string[], depth: number): Promise<void> {
    return this.#walk(
      from,
      depth,
      (places) => this.#edges.writing(places),
      (flow) => flow.reads,
    );
  }

  down(from: readonly string[], depth: number): Promise<void> {
    return this.#walk(
      from,
      depth,
      (places) => this.#edges.reading(places),
      (flow) => (flow.written === '' ? [] : [flow.written]),
    );
  }

  graph(): Pick<LineageGraph, 'assets' | 'tasks' | 'cut'> {
    const assets = new Map<string, { readonly name: string; readonly type: string }[]>();
    const tasks = new Map<string, Flow[]>();
    for (const flow of this.#flows.values()) {
      for (const place of flow.reads) if (!assets.has(place)) assets.set(place, []);
      if (flow.written !== '') assets.set(flow.written, flow.columns.length > 0 ? [...flow.columns] : (assets.get(flow.written) ?? []));
      tasks.set(taskName(flow), [...(tasks.get(taskName(flow)) ?? []), flow]);
    }
    return {
      assets: [...assets].map(([id, columns]) => ({ id, columns })).sort((a, b) => (a.id < b.id ? -1 : 1)),
      tasks: [...tasks].map(([id, flows]) => taskOf(id, flows)).sort((a, b) => (a.id < b.id ? -1 : 1)),
      cut: this.#cut,
    };
  }

  columnEdges(): readonly LineageColumnEdge[] {
    return [...this.#flows.values()].flatMap((flow) =>
      Object.entries(flow.madeOf ?? {}).flatMap(([to_column, origins]) =>
        origins.map(({ place, column }) => ({
          from_asset: place,
          from_column: column,
          to_asset: flow.written,
          to_column,
          task: taskName(flow),
        })),
      ),
    );
  }

  async #walk(
    from: readonly string[],
    depth: number,
    edges: (places: readonly string[]) => Promise<readonly Flow[]>,
    next: (flow: Flow) => readonly string[],
  ): Promise<void> {
    const seen = new Set(from);
    let places = [...from];
    for (let step = 0; step < depth && places.length > 0 && !this.#cut; step++) {
      const flows = await edges(places);
      for (const flow of flows) this.add(flow);
      places = [...new Set(flows.flatMap(next))].filter((place) => !seen.has(place));
      for (const place of places) seen.add(place);
    }
  }
}

/** Edges by which a column of the roots is reached, each way. */
function edgesOf(
  column: string,
  roots: readonly string[],
  all: readonly LineageColumnEdge[],
  direction: LineageQuery['direction'],
): readonly LineageColumnEdge[] {
  const reach = (here: (edge: LineageColumnEdge) => string, there: (edge: LineageColumnEdge) => string): LineageColumnEdge[] => {
    const seen = new Set(roots.map((root) => JSON.stringify([root, column])));
    const found = new Set<LineageColumnEdge>();
    for (let before = -1; found.size !== before; ) {
      before = found.size;
      for (const edge of all) {
        if (!seen.has(here(edge))) continue;
        found.add(edge);
        seen.add(there(edge));
      }
    }
    return [...found];
  };
  const to = (edge: LineageColumnEdge): string => JSON.stringify([edge.to_asset, edge.to_column]);
  const from = (edge: LineageColumnEdge): string => JSON.stringify([edge.from_asset, edge.from_column]);
  return [...(direction === 'downstream' ? [] : reach(to, from)), ...(direction === 'upstream' ? [] : reach(from, to))];
}

function taskName({ dagId, taskId }: Flow): string {
  return `${dagId}.${taskId}`;
}

function taskOf(id: string, flows: readonly Flow[]): LineageGraph['tasks'][number] {
  const [first] = flows as readonly [Flow, ...Flow[]];
  const told = flows.find(({ runId }) => runId !== undefined);
  return {
    id,
    dag_id: first.dagId,
    task_id: first.taskId,
    reads: [...new Set(flows.flatMap(({ reads }) => reads))].sort(),
    writes: [...new Set(flows.map(({ written }) => written))].filter((place) => place !== '').sort(),
    dag_run_id: told?.runId ?? null,
    seen_at: told?.seenAt === undefined ? null : dateTime(told.seenAt),
  };
}
