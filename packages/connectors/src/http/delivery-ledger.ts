/**
 * What was delivered, so that a retry sends only the rest: small files under `_deliveries/<dag>/<task>/<load id>/`, named by their content.
 *
 * L1. A file is written whole, and is on the disk before it can be seen; none is ever changed.
 * L2. What is in a file was delivered. What was delivered is in a file after `SOON_MS` at the latest: only what was sent in that time is sent
 *     again, under the same key, by the attempt after one that died.
 */
import { createHash } from 'node:crypto';
import { type FileRoot, literal, localFiles, type Work } from '@headrace/dataplane';

export interface Delivered {
  readonly key: string;
  readonly content: string;
}

const SOON_MS = 1000;
const MOST_LINES = 1000;

export class DeliveryLedger {
  readonly #root: FileRoot;
  readonly #folder: string;
  readonly #known: readonly string[];
  #lines: string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #failure: unknown;

  private constructor(root: FileRoot, folder: string, known: readonly string[]) {
    this.#root = root;
    this.#folder = folder;
    this.#known = known;
  }

  static async open(connection: string, loadId: string, work: Work): Promise<DeliveryLedger> {
    const root = await work.root(connection);
    const { dagId, taskId } = work.context;
    const folder = `_deliveries/${encodeURIComponent(dagId)}/${encodeURIComponent(taskId)}/${loadId}/`;
    const paths = (await root.list(folder)).filter((path) => path.endsWith('.ndjson'));
    return new DeliveryLedger(root, folder, await localFiles(root, paths, work, 'deliveries'));
  }

  /** A query for the `key` and `content` of all that was delivered before. */
  get delivered(): string {
    if (this.#known.length === 0) return `select '' as key, '' as content where false`;
    return `select key, content from read_json([${this.#known.map(literal).join(', ')}], format = 'newline_delimited', columns = {key: 'VARCHAR', content: 'VARCHAR'})`;
  }

  /** Rows of one request; they come into one file. Throws what the writing of rows before them has thrown. */
  add(rows: readonly Delivered[]): void {
    if (this.#failure !== undefined) throw this.#failure;
    for (const row of rows) this.#lines.push(JSON.stringify(row));
    if (this.#lines.length >= MOST_LINES) this.#write();
    else this.#timer ??= setTimeout(() => this.#write(), SOON_MS);
  }

  /** Writes what is left. Throws what any writing has thrown. */
  async close(): Promise<void> {
    this.#write();
    await this.#writing;
    if (this.#failure !== undefined) throw this.#failure;
  }

  #write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#lines.length === 0) return;
    const text = `${this.#lines.join('\n')}\n`;
    this.#lines = [];
    const path = `${this.#folder}${createHash('sha256').update(text).digest('hex')}.ndjson`;
    this.#writing = this.#writing
      .then(() => this.#root.create(path, text))
      .then(
        () => {},
        (error: unknown) => {
          this.#failure ??= error;
        },
      );
  }
}
