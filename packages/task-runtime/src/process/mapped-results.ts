/**
 * Results of a mapped upstream task, fetched from the worker in pages when somebody asks for them: a task may be downstream of 50,000
 * instances and look at one.
 */
import { rmSync } from 'node:fs';
import type { MappedResults } from '@headrace/sdk';
import type { Frame, PageOrder, ValueSource } from '../protocol.ts';
import { readValue } from './read-value.ts';

const PAGE = 100;

interface Asked {
  readonly resolve: (results: readonly ValueSource[]) => void;
  readonly reject: (error: Error) => void;
}

export type Question = Extract<Frame, { type: 'ask' }>;

/** The questions of one attempt. */
export class ResultPages {
  readonly #run: number;
  readonly #send: (question: Question) => void;
  readonly #asked = new Map<number, Asked>();
  #requests = 0;

  constructor(run: number, send: (question: Question) => void) {
    this.#run = run;
    this.#send = send;
  }

  /** The worker's answer. */
  take({ request, results, error }: PageOrder): void {
    const asked = this.#asked.get(request);
    this.#asked.delete(request);
    if (error === undefined) asked?.resolve(results);
    else asked?.reject(new ResultsUnavailableError(error));
  }

  async page(taskId: string, from: number, count: number): Promise<readonly unknown[]> {
    const request = this.#requests++;
    const sources = await new Promise<readonly ValueSource[]>((resolve, reject) => {
      this.#asked.set(request, { resolve, reject });
      this.#send({ type: 'ask', run: this.#run, request, taskId, from, count });
    });
    return sources.map((source) => {
      const value = readValue(source);
      // Many long results should not all stay on the disk until the attempt ends.
      if ('file' in source) rmSync(source.file, { force: true });
      return value;
    });
  }
}

class ResultsUnavailableError extends Error {
  readonly code = 'HR_RESULTS_UNAVAILABLE';
  constructor(why: string) {
    super(`Results of a mapped task could not be read: ${why}`);
    this.name = 'ResultsUnavailableError';
  }
}

export class PagedResults implements MappedResults<unknown> {
  readonly length: number;
  readonly #taskId: string;
  readonly #pages: ResultPages;
  #held: { readonly from: number; readonly values: readonly unknown[] } | undefined;

  constructor(taskId: string, length: number, pages: ResultPages) {
    this.#taskId = taskId;
    this.length = length;
    this.#pages = pages;
  }

  async at(index: number): Promise<unknown> {
    const place = index < 0 ? this.length + index : index;
    if (!Number.isInteger(place) || place < 0 || place >= this.length) return undefined;
    const held = this.#held;
    if (held !== undefined && place >= held.from && place < held.from + held.values.length) return held.values[place - held.from];
    const from = place - (place % PAGE);
    const values = await this.#pages.page(this.#taskId, from, PAGE);
    this.#held = { from, values };
    return values[place - from];
  }

  async toArray(): Promise<unknown[]> {
    const all: unknown[] = [];
    for await (const value of this) all.push(value);
    return all;
  }

  async *[Symbol.asyncIterator](): AsyncIterator<unknown> {
    for (let index = 0; index < this.length; index++) yield await this.at(index);
  }
}
