/** What an attempt gets from the tasks around it when one of them is repeated: its item, its loop's state, results in their place. */
import { isLatestRun, type TaskSpec } from '@headrace/core';
import type { AttemptStore, ClaimedAttempt, Clock, ResultRef, StoredResult } from '@headrace/ports';
import type { FlowInputs, MappedSource, SentAssetEvent } from '@headrace/task-runtime';
import type { CachedBundle } from './bundle-cache.ts';
import type { Repeater } from './flow-of-dag.ts';
import type { JointLoads } from './joint-loads.ts';
import type { ResultItems } from './result-items.ts';

export interface FlowSources {
  readonly store: Pick<AttemptStore, 'results' | 'resultRefs' | 'mappedRefs' | 'refInStep' | 'resultsOf'>;
  readonly items: ResultItems;
  /** Of lists of the instances of repeated tasks, by run and task. */
  readonly refLoads: JointLoads<readonly ResultRef[]>;
  readonly clock: Clock;
  /** Events that made a run; absent: none are told. */
  readonly triggeringEvents?: (runKey: string) => Promise<readonly SentAssetEvent[]>;
}

export interface UpstreamInputs {
  readonly results: ReadonlyMap<string, StoredResult>;
  readonly flow?: FlowInputs;
}

/** The result of a task that returned nothing, where there must be one. */
const NOTHING = { kind: 'inline', json: '{"$undefined":true}' } as const satisfies StoredResult;
const NO_RESULTS: ReadonlyMap<string, StoredResult> = new Map();

/** Rejects with what the stores throw. */
export async function upstreamInputs(
  claimed: ClaimedAttempt,
  task: TaskSpec,
  bundle: CachedBundle,
  sources: FlowSources,
): Promise<UpstreamInputs> {
  const { repeaters, mappedOver, downstream } = bundle.flow;
  const upstream = [...new Set(Object.values(task.inputs))];
  const plain = upstream.filter((taskId) => !repeaters.has(taskId));
  const results = plain.length === 0 ? NO_RESULTS : await sources.store.results(claimed.runKey, plain);
  const repeater = repeaters.get(task.taskId);
  const repeated = plain.length === upstream.length ? undefined : await repeatedInputs(claimed, upstream, repeater, bundle, sources);
  const own = repeater === undefined ? undefined : await instanceInputs(claimed, repeater, bundle, sources);
  const targets = downstream.get(task.taskId);
  // A run that time made may have waited for events.
  const isOfEvents = claimed.runType === 'asset_triggered' || bundle.schedule.kind === 'assets_and_time';
  const events = isOfEvents ? await sources.triggeringEvents?.(claimed.runKey) : undefined;
  const flow: FlowInputs = {
    ...own,
    ...(repeated === undefined || repeated.mapped.size === 0 ? {} : { mapped: repeated.mapped }),
    ...(mappedOver.has(task.taskId) ? { countItems: true } : {}),
    ...(targets === undefined ? {} : { downstream: targets, latest: isLatest(claimed, bundle, sources.clock) }),
    ...(events === undefined ? {} : { triggeringEvents: events }),
  };
  return {
    results: repeated === undefined ? results : new Map([...results, ...repeated.results]),
    ...(Object.keys(flow).length === 0 ? {} : { flow }),
  };
}

function isLatest({ runType, intervalEnd }: ClaimedAttempt, { schedule, startAt }: CachedBundle, clock: Clock): boolean {
  return isLatestRun(schedule, { runType, ...(intervalEnd === undefined ? {} : { intervalEnd }) }, clock.now(), startAt);
}

/** Results of upstream tasks that are repeated: of the same place, of the last iteration, or all of them when they are asked for. */
async function repeatedInputs(
  { runKey, mapIndex }: ClaimedAttempt,
  upstream: readonly string[],
  repeater: Repeater | undefined,
  { flow }: CachedBundle,
  sources: FlowSources,
): Promise<{ readonly results: ReadonlyMap<string, StoredResult>; readonly mapped: ReadonlyMap<string, MappedSource> }> {
  const { store } = sources;
  const beside: string[] = [];
  const refs = new Map<string, ResultRef>();
  const mapped = new Map<string, MappedSource>();
  for (const taskId of upstream) {
    const of = flow.repeaters.get(taskId);
    if (of === undefined) continue;
    if (of.id === repeater?.id) beside.push(taskId);
    else {
      const all = await mappedRefs(runKey, taskId, sources);
      const last = all.at(-1);
      if (of.kind === 'mapped') mapped.set(taskId, mappedSource(all, store));
      else if (last !== undefined) refs.set(taskId, last);
    }
  }
  for (const [taskId, ref] of await store.resultRefs(runKey, beside, mapIndex)) refs.set(taskId, ref);
  const found = await store.resultsOf([...refs.values()]);
  const results = [...refs.keys()].flatMap((taskId, place): [string, StoredResult][] => {
    const result = found[place];
    return result === undefined ? [] : [[taskId, result]];
  });
  return { results: new Map(results), mapped };
}

function mappedSource(refs: readonly ResultRef[], store: FlowSources['store']): MappedSource {
  return { length: refs.length, page: (from, count) => store.resultsOf(refs.slice(from, from + count)) };
}

/** All instances ask at about the same time, and each must see what was there when it was claimed. */
function mappedRefs(runKey: string, taskId: string, { store, refLoads }: FlowSources): Promise<readonly ResultRef[]> {
  return refLoads.get(`${runKey} ${taskId}`, () => store.mappedRefs(runKey, taskId));
}

/** What its repeater gives an instance. */
async function instanceInputs(
  claimed: ClaimedAttempt,
  repeater: Repeater,
  { flow }: CachedBundle,
  sources: FlowSources,
): Promise<Pick<FlowInputs, 'items' | 'loopState'>> {
  const { runKey, mapIndex } = claimed;
  if (repeater.kind === 'loop') {
    if (mapIndex < 1) return {};
    const ref = (await sources.store.resultRefs(runKey, [repeater.gate], mapIndex - 1)).get(repeater.gate);
    return { loopState: (await resultOf(ref, sources)) ?? NOTHING };
  }
  const { combine, over } = repeater.expand;
  const lists: ItemList[] = [];
  for (const { source } of over) {
    if (source.kind === 'literal') lists.push({ length: source.length, item: async (index) => ({ index }) });
    else if (flow.repeaters.get(source.taskId)?.kind === 'mapped')
      lists.push(await listOfMapped(claimed, source.taskId, over.length === 1, sources));
    else lists.push(await listOfResult(claimed, source.taskId, flow.repeaters.get(source.taskId), sources));
  }
  const places = combine === 'zip' ? lists.map(() => mapIndex) : placesInProduct(lists, mapIndex);
  return { items: await Promise.all(lists.map((list, at) => list.item(places[at] ?? 0))) };
}

interface ItemList {
  readonly length: number;
  item(index: number): Promise<{ readonly index: number } | StoredResult>;
}

/**
 * The last argument changes fastest.
 * @internal Exported for its test.
 */
export function placesInProduct(lists: readonly { readonly length: number }[], mapIndex: number): readonly number[] {
  const places: number[] = [];
  let rest = mapIndex;
  for (const { length } of lists.toReversed()) {
    places.unshift(length === 0 ? 0 : rest % length);
    rest = length === 0 ? 0 : Math.floor(rest / length);
  }
  return places;
}

async function listOfMapped(
  { runKey, taskId: consumer, mapIndex }: ClaimedAttempt,
  taskId: string,
  alone: boolean,
  sources: FlowSources,
): Promise<ItemList> {
  const inStep = alone ? await sources.store.refInStep(runKey, taskId, consumer, mapIndex) : undefined;
  if (inStep !== undefined) return { length: mapIndex + 1, item: async () => (await resultOf(inStep, sources)) ?? NOTHING };
  const refs = await mappedRefs(runKey, taskId, sources);
  return { length: refs.length, item: async (index) => (await resultOf(refs[index], sources)) ?? NOTHING };
}

async function listOfResult(
  { runKey }: ClaimedAttempt,
  taskId: string,
  repeater: Repeater | undefined,
  sources: FlowSources,
): Promise<ItemList> {
  const ref =
    repeater === undefined
      ? (await sources.store.resultRefs(runKey, [taskId], -1)).get(taskId)
      : (await mappedRefs(runKey, taskId, sources)).at(-1);
  const items = ref === undefined ? [] : await sources.items.get(ref);
  return { length: items.length, item: async (index) => ({ kind: 'inline', json: items[index] ?? NOTHING.json }) };
}

async function resultOf(ref: ResultRef | undefined, { store }: FlowSources): Promise<StoredResult | undefined> {
  return ref === undefined ? undefined : (await store.resultsOf([ref]))[0];
}
