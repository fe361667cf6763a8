/**
 * What was delivered, so that a retry sends only the rest: small files under `_deliveries/<dag>/<task>/<load id>/`, named by their content.
 *
 * L1. A file is written whole, and is on the disk before it can be seen; none is ever changed. Many are made one when a delivery is done.
 * L2. What is in a file was delivered. What was delivered is in a file after `SOON_MS` at the latest: only what was sent in that time is sent
 *     again, under the same key, by the attempt after one that died.
 */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { FileNotFoundError, type FileRoot, fingerprint, literal, localFiles, type Work } from '@headrace/dataplane';

export interface Delivered {
  readonly key: string;
  readonly content: string;
}

const SOON_MS = 1000;
const MOST_LINES = 200;
/** More than these are not kept in memory, nor at risk of being sent again, while the disk is slow. */
const MOST_WAITING = 5_000;
/** Of what DuckDB is to expect: it makes its buffers for it. */
const LONGEST_LINE = 65_536;
/** More files than these are made one. */
const MANY_FILES = 16;

export class DeliveryLedger {
  readonly #root: FileRoot;
  readonly #folder: string;
  /** Local copies of `#paths`. */
  readonly #known: readonly string[];
  readonly #paths: string[];
  /** All lines of this attempt, for `compact`. */
  readonly #copy: string;
  readonly #work: Work;
  #lines: string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #failure: unknown;

  private constructor(root: FileRoot, folder: string, paths: readonly string[], known: readonly string[], work: Work) {
    this.#root = root;
    this.#folder = folder;
    this.#paths = [...paths];
    this.#known = known;
    this.#copy = join(work.scratch, 'delivered.ndjson');
    this.#work = work;
  }

  static async open(connection: string, loadId: string, work: Work): Promise<DeliveryLedger> {
    const root = await work.root(connection);
    const { dagId, taskId } = work.context;
    const folder = `_deliveries/${encodeURIComponent(dagId)}/${encodeURIComponent(taskId)}/${loadId}/`;
    for (let tried = 1; ; tried += 1) {
      const paths = (await root.list(folder)).filter((path) => path.endsWith('.ndjson'));
      try {
        return new DeliveryLedger(root, folder, paths, await localFiles(root, paths, work, 'deliveries'), work);
      } catch (error) {
        // An attempt before this one, still at work, has just made one file of them.
        if (!(error instanceof FileNotFoundError) || tried === 3) throw error;
      }
    }
  }

  /** A query for the `key` and `content` of all that was delivered before. Undefined: nothing was. */
  get delivered(): string | undefined {
    if (this.#known.length === 0) return undefined;
    const files = this.#known.map(literal).join(', ');
    return `select key, content from read_json([${files}], format = 'newline_delimited', columns = {key: 'VARCHAR', content: 'VARCHAR'}, maximum_object_size = ${LONGEST_LINE})`;
  }

  /** Rows of one request; they come into one file. Waits while too many are to be written. Throws what the writing of rows before them has thrown. */
  async add(rows: readonly Delivered[]): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    for (const row of rows) this.#lines.push(JSON.stringify(row));
    if (this.#lines.length >= MOST_LINES) this.#write();
    else this.#timer ??= setTimeout(() => this.#write(), SOON_MS);
    while (this.#writing !== undefined && this.#lines.length >= MOST_WAITING) await this.#writing;
  }

  /** Writes what is left. Throws what any writing has thrown. */
  async close(): Promise<void> {
    this.#write();
    await this.#writing;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** After `close`: makes one file of many, so that a next attempt has few to read. Those of another attempt that is still at work are left. */
  async compact(): Promise<void> {
    const own = this.#paths.length > this.#known.length ? [this.#copy] : [];
    if (this.#paths.length <= MANY_FILES) return;
    const file = join(this.#work.scratch, 'ledger.ndjson');
    for (const part of [...this.#known, ...own]) await pipeline(createReadStream(part), createWriteStream(file, { flags: 'a' }));
    const whole = `${this.#folder}${(await fingerprint(file)).sha256}.ndjson`;
    await this.#root.publish(file, whole);
    for (const path of this.#paths) if (path !== whole) await this.#root.remove(path);
  }

  /** One file at a time: what comes while one is written is in the next. */
  #write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#writing === undefined && this.#lines.length > 0) this.#writing = this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    try {
      while (this.#lines.length > 0) {
        const text = `${this.#lines.join('\n')}\n`;
        this.#lines = [];
        const path = `${this.#folder}${createHash('sha256').update(text).digest('hex')}.ndjson`;
        await this.#root.create(path, text);
        await appendFile(this.#copy, text);
        this.#paths.push(path);
      }
    } catch (error) {
      this.#failure ??= error;
    } finally {
      this.#writing = undefined;
    }
  }
}
