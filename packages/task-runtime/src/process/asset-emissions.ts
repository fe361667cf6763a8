/**
 * Events of a task's outlets: one for each when the task succeeds, with what the task says about them.
 *
 * Imported by processes that run such a task, and the core with it; others stay small.
 */
import { type AssetSpec, checkAssetEvent } from '@headrace/core';
import type { NewAssetEvent } from '@headrace/ports';
import { UnknownOutletError } from '../errors.ts';
import type { Emission, Emissions } from './emissions.ts';

export class AssetEmissions implements Emissions {
  readonly #taskId: string;
  readonly #outlets: readonly AssetSpec[];
  readonly #partitionKey: string | undefined;
  /** By asset and partition. */
  readonly #events = new Map<string, NewAssetEvent>();

  constructor(taskId: string, outlets: readonly AssetSpec[], partitionKey: string | undefined) {
    this.#taskId = taskId;
    this.#outlets = outlets;
    this.#partitionKey = partitionKey;
  }

  /** Throws UnknownOutletError, and InvalidAssetEventError for what cannot be recorded: no JSON, too much of it, or no partition of the asset. */
  emit(asset: string | { readonly name: string }, { extra, partition }: Emission = {}): void {
    const name = typeof asset === 'string' ? asset : asset.name;
    const outlet = this.#outlets.find((each) => each.name === name);
    if (outlet === undefined) {
      throw new UnknownOutletError(
        this.#taskId,
        name,
        this.#outlets.map((each) => each.name),
      );
    }
    const key = partition ?? this.#usualPartition(outlet);
    checkAssetEvent(outlet, { extra, ...(key === undefined ? {} : { partition: key }) });
    const place = JSON.stringify([name, key]);
    const before = this.#events.get(place);
    const said = extra === undefined ? {} : (JSON.parse(JSON.stringify(extra)) as Record<string, unknown>);
    const all = { ...before?.extra, ...said };
    checkAssetEvent(outlet, { extra: all });
    this.#events.set(place, {
      asset: name,
      ...(key === undefined ? {} : { partition: key }),
      ...(before?.extra === undefined && extra === undefined ? {} : { extra: all }),
    });
  }

  /** What a success records. An outlet of which nothing was said has an event all the same. */
  events(facts: Readonly<Record<string, unknown>> = {}): readonly NewAssetEvent[] {
    const said = new Set([...this.#events.values()].map((event) => event.asset));
    for (const outlet of this.#outlets) if (!said.has(outlet.name)) this.emit(outlet.name);
    return Object.keys(facts).length === 0
      ? [...this.#events.values()]
      : [...this.#events.values()].map((event) => this.#with(facts, event));
  }

  /** Where there is room for them. */
  #with(facts: Readonly<Record<string, unknown>>, event: NewAssetEvent): NewAssetEvent {
    const extra = { ...facts, ...event.extra };
    const outlet = this.#outlets.find(({ name }) => name === event.asset);
    try {
      if (outlet !== undefined) checkAssetEvent(outlet, { extra });
      return { ...event, extra };
    } catch {
      return event;
    }
  }

  /** A run of a partition makes that partition of an asset that has any. */
  #usualPartition({ partitions }: AssetSpec): string | undefined {
    return partitions === undefined ? undefined : this.#partitionKey;
  }
}
