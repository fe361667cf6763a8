/**
 * The items of results that tasks are mapped over, each as the text that is handed to a task process.
 *
 * I1. A result is taken apart once for all instances that are mapped over it: it is known by the attempt that gave it, and never changes.
 * I2. What is kept is bounded by its text; the result used last always stays.
 */
import type { AttemptStore, ObjectStore, ResultRef } from '@headrace/ports';

const MOST_CHARACTERS = 64 * 1_048_576;

interface Taken {
  readonly items: Promise<readonly string[]>;
  characters: number;
}

export class ResultItems {
  readonly #store: Pick<AttemptStore, 'resultsOf'>;
  readonly #objects: Pick<ObjectStore, 'get'>;
  /** The one used last stands last. */
  readonly #taken = new Map<string, Taken>();
  #characters = 0;

  constructor(store: Pick<AttemptStore, 'resultsOf'>, objects: Pick<ObjectStore, 'get'>) {
    this.#store = store;
    this.#objects = objects;
  }

  /** Encoded items: of an array, or `[key, value]` of an object. Rejects with what the stores throw; then the next call tries again. */
  get(ref: ResultRef): Promise<readonly string[]> {
    const key = `${ref.taskInstanceId} ${ref.attempt}`;
    const taken = this.#taken.get(key) ?? this.#take(key, ref);
    this.#taken.delete(key);
    this.#taken.set(key, taken);
    return taken.items;
  }

  #take(key: string, ref: ResultRef): Taken {
    const taken: Taken = { items: this.#read(ref), characters: 0 };
    taken.items.then(
      (items) => {
        taken.characters = items.reduce((sum, item) => sum + item.length, 0);
        if (this.#taken.get(key) === taken) this.#characters += taken.characters;
        this.#forget();
      },
      () => this.#taken.delete(key),
    );
    return taken;
  }

  async #read(ref: ResultRef): Promise<readonly string[]> {
    const [stored] = await this.#store.resultsOf([ref]);
    if (stored === undefined) return [];
    return itemsOf(stored.kind === 'inline' ? stored.json : await textOf(await this.#objects.get(stored.key)));
  }

  #forget(): void {
    for (const [key, { characters }] of this.#taken) {
      if (this.#characters <= MOST_CHARACTERS || this.#taken.size === 1) return;
      this.#taken.delete(key);
      this.#characters -= characters;
    }
  }
}

/**
 * Takes the text of a value apart without looking at what its tags mean.
 * @internal Exported for its test.
 */
export function itemsOf(json: string): readonly string[] {
  const value: unknown = JSON.parse(json);
  if (Array.isArray(value)) return value.map((item) => JSON.stringify(item));
  if (typeof value !== 'object' || value === null) return [];
  const entries = Object.entries(value);
  const [first] = entries;
  // A user's object that looks like a tag is wrapped: see the values of `@headrace/task-runtime`.
  const own = entries.length === 1 && first?.[0] === '$object' ? Object.entries(first[1] as object) : entries;
  return own.map((entry) => JSON.stringify(entry));
}

async function textOf(stream: AsyncIterable<Uint8Array | string>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}
