/**
 * Stored values on their way to a task process: what stands beside a task instance is passed on as text, what is an object is fetched
 * into a file of the attempt's own folder, so that a large one never passes through the worker's memory.
 */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ObjectStore, StoredResult } from '@headrace/ports';
import type { AttemptRequest, FlowInputs } from './attempt-request.ts';
import type { Frame, InputSource, ItemSource, PageOrder, ValueSource } from './protocol.ts';

export interface Inputs {
  /** By upstream task id. */
  readonly results: Readonly<Record<string, InputSource>>;
  readonly items?: readonly ItemSource[];
  readonly loopState?: ValueSource;
}

/** An answer must not grow too long. */
const MOST_RESULTS_IN_PAGE = 500;
/** As `encodeValue` writes a value that there is not, where there must be one. */
const NO_VALUE: ValueSource = { json: '{"$undefined":true}' };

export class InputFiles {
  readonly #folder: string;
  readonly #objects: Pick<ObjectStore, 'get'>;
  readonly #onFile: () => void;
  #count = 0;

  /** `onFile` is called when there will be a file in the folder. */
  constructor(folder: string, objects: Pick<ObjectStore, 'get'>, onFile: () => void) {
    this.#folder = folder;
    this.#objects = objects;
    this.#onFile = onFile;
  }

  /** Rejects with what the object store or the disk throws. */
  async inputs({ results, flow }: AttemptRequest): Promise<Inputs> {
    const sources: Record<string, InputSource> = Object.create(null);
    for (const [taskId, stored] of results) sources[taskId] = stored.kind === 'inline' ? { json: stored.json } : await this.#value(stored);
    if (flow === undefined) return { results: sources };
    for (const [taskId, { length }] of flow.mapped ?? []) sources[taskId] = { mapped: length };
    const items: ItemSource[] = [];
    for (const item of flow.items ?? []) items.push('index' in item ? item : await this.#value(item));
    return {
      results: sources,
      ...(flow.items === undefined ? {} : { items }),
      ...(flow.loopState === undefined ? {} : { loopState: await this.#value(flow.loopState) }),
    };
  }

  /** Results of a mapped upstream task that an attempt asks for. Never rejects. */
  async answer({ run, request, taskId, from, count }: Extract<Frame, { type: 'ask' }>, flow: FlowInputs | undefined): Promise<PageOrder> {
    const answer = { type: 'page', run, request } as const;
    try {
      const source = flow?.mapped?.get(taskId);
      if (source === undefined) throw new Error(`the attempt was given no results of a mapped task "${taskId}"`);
      return { ...answer, results: await this.#page(await source.page(from, Math.min(count, MOST_RESULTS_IN_PAGE))) };
    } catch (error) {
      return { ...answer, results: [], error: error instanceof Error ? error.message : String(error) };
    }
  }

  async #page(stored: readonly (StoredResult | undefined)[]): Promise<readonly ValueSource[]> {
    const values: ValueSource[] = [];
    for (const each of stored) values.push(each === undefined ? NO_VALUE : await this.#value(each));
    return values;
  }

  async #value(stored: StoredResult): Promise<ValueSource> {
    if (stored.kind === 'inline') return { json: stored.json };
    const file = join(this.#folder, `input-${this.#count++}.json`);
    this.#onFile();
    await mkdir(this.#folder, { recursive: true });
    await pipeline(await this.#objects.get(stored.key), createWriteStream(file));
    return { file };
  }
}
