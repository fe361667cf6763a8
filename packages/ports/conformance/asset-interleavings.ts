/**
 * Random events, pauses and looks, and what a naive oracle says that they lead to: for every AssetStore.
 *
 * The oracle knows nothing of the core: a list of events for each consumer, and truth by substitution.
 */
import type { AssetCondition } from '@headrace/core';
import { type AssetStores, consumer, planByCore, saveDag } from './asset-store.ts';

type TestFunctions = Pick<typeof import('@jest/globals'), 'test' | 'expect'>;

const ASSETS = ['a', 'b', 'c', 'd', 'e'];
const CONSUMERS = 4;
const STEPS = 40;

interface OracleConsumer {
  readonly dagId: string;
  readonly when: AssetCondition;
  paused: boolean;
  waiting: { readonly eventId: string; readonly asset: string; readonly triggers: boolean }[];
  readonly runs: (readonly string[])[];
}

export function assetInterleavings(
  { test, expect }: TestFunctions,
  { rounds, empty }: { readonly rounds: number; readonly empty: () => Promise<AssetStores> },
): void {
  test(`${rounds} random interleavings give every consumer the runs of a naive oracle; no event is lost or used twice`, async () => {
    for (let round = 1; round <= rounds; round++) {
      const stores = await empty();
      const dice = diceOf(round);
      const consumers = await makeConsumers(stores, dice);
      await play(stores, consumers, dice);
      for (const { dagId, runs, waiting } of consumers) {
        const made = await runsOf(stores, dagId, consumers);
        expect({ round, dagId, runs: made }).toEqual({ round, dagId, runs });
        const queued = (await stores.assets.queuedEvents({ dagId })).map((event) => event.eventId);
        expect({ round, dagId, queued }).toEqual({ round, dagId, queued: waiting.filter((one) => one.triggers).map((one) => one.eventId) });
      }
    }
  }, 120_000);
}

type Dice = (sides: number) => number;

/** The same numbers for the same seed (mulberry32). */
function diceOf(seed: number): Dice {
  let state = seed;
  return (sides) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % sides;
  };
}

async function makeConsumers(stores: AssetStores, dice: Dice): Promise<readonly OracleConsumer[]> {
  const made: OracleConsumer[] = [];
  for (let index = 0; index < CONSUMERS; index++) {
    const dagId = `consumer_${index}`;
    const when = condition(dice, 3);
    await saveDag(stores, consumer(dagId, when));
    made.push({ dagId, when, paused: false, waiting: [], runs: [] });
  }
  return made;
}

function condition(dice: Dice, depth: number): AssetCondition {
  if (depth === 0 || dice(3) === 0) return { kind: 'asset', name: ASSETS[dice(ASSETS.length)] ?? 'a' };
  const of = Array.from({ length: 1 + dice(3) }, () => condition(dice, depth - 1));
  return { kind: dice(2) === 0 ? 'all' : 'any', of };
}

async function play({ assets, commands }: AssetStores, consumers: readonly OracleConsumer[], dice: Dice): Promise<void> {
  const known = new Set(consumers.flatMap(({ when }) => namesIn(when)));
  const names = ASSETS.filter((name) => known.has(name));
  for (let step = 0; step <= STEPS; step++) {
    const what = step === STEPS ? 9 : dice(10);
    if (what < 5) {
      const asset = names[dice(names.length)] ?? '';
      const { eventId } = await assets.addEvent({ asset });
      for (const one of consumers) if (namesIn(one.when).includes(asset)) one.waiting.push({ eventId, asset, triggers: !one.paused });
    } else if (what < 7) {
      const one = consumers[dice(consumers.length)];
      if (one === undefined) continue;
      one.paused = !one.paused;
      await commands.setPaused(one.dagId, one.paused);
    } else {
      await assets.triggerConsumers(100, planByCore);
      for (const one of consumers) look(one);
    }
  }
}

function look(one: OracleConsumer): void {
  const updated = new Set(one.waiting.filter((event) => event.triggers).map((event) => event.asset));
  if (one.paused || !isMet(one.when, updated)) return;
  one.runs.push(one.waiting.map((event) => event.eventId));
  one.waiting = [];
}

function isMet(when: AssetCondition, updated: ReadonlySet<string>): boolean {
  if (when.kind === 'asset') return updated.has(when.name);
  const parts = when.of.map((part) => isMet(part, updated));
  return when.kind === 'all' ? !parts.includes(false) : parts.includes(true);
}

function namesIn(when: AssetCondition): readonly string[] {
  return when.kind === 'asset' ? [when.name] : when.of.flatMap(namesIn);
}

/** The events of each run of the DAG, in the order in which the runs were made. */
async function runsOf(
  { assets }: AssetStores,
  dagId: string,
  consumers: readonly OracleConsumer[],
): Promise<readonly (readonly string[])[]> {
  const all = consumers.flatMap((one) => [...one.runs.flat(), ...one.waiting.map((event) => event.eventId)]);
  const links = (await assets.runsOfEvents([...new Set(all)])).filter((link) => link.dagId === dagId);
  return [...Map.groupBy(links, (link) => link.runKey).values()].map((group) => group.map((link) => link.eventId));
}
