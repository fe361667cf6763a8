/** One kind of bad input: what is made, how it is read, and what must come of it. */
import type { Source } from '@headrace/sdk';
import { files } from '../../src/index.ts';
import type { FileBench } from '../support/file-bench.ts';

export interface BadCase {
  readonly what: string;
  /** Makes the input, and says how to read it. */
  readonly make: (bench: FileBench) => Source | Promise<Source>;
  /** Either: the error's code, and the place and reason in its message. */
  readonly error?: readonly [code: string, message: RegExp];
  /** Or: how many rows are taken, and the places and reasons of those that are kept aside, as `line reason`. */
  readonly quarantine?: readonly [taken: number, refused: readonly RegExp[]];
}

export const inbox = files('inbox');

/** For `make`: puts a file and reads it. */
export const from =
  (name: string, content: string | Uint8Array | (() => string | Uint8Array), source: (name: string) => Source) =>
  async (bench: FileBench): Promise<Source> => {
    await bench.put(name, typeof content === 'function' ? content() : content);
    return source(name);
  };
