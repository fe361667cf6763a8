/** Lines of values, `_utf8mb4 x'61',null`, into a table: many in each statement, as large as the server takes. */
import { Writable } from 'node:stream';
import { DataError } from '@headrace/dataplane';
import { type MysqlClient, messageOf } from './connect.ts';

const STATEMENT_BYTES = 1 << 20;

export interface LineSink extends Writable {
  /** Inserted so far. */
  readonly rows: number;
}

/** A sink for such lines. Each batch is one statement; the next waits for its end. */
export async function insertLines(client: MysqlClient, insert: string): Promise<LineSink> {
  const [[allowed = '0'] = []] = await client.rows('select @@max_allowed_packet');
  return new InsertLines(client, insert, Number(allowed));
}

class InsertLines extends Writable implements LineSink {
  rows = 0;
  readonly #client: MysqlClient;
  readonly #insert: string;
  readonly #allowed: number;
  #rest = '';
  #lines: string[] = [];
  #bytes = 0;

  constructor(client: MysqlClient, insert: string, allowed: number) {
    super({ highWaterMark: STATEMENT_BYTES });
    this.#client = client;
    this.#insert = insert;
    this.#allowed = allowed;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    // The lines hold nothing but ASCII.
    const lines = (this.#rest + chunk.toString('latin1')).split('\n');
    this.#rest = lines.pop() ?? '';
    this.#take(lines).then(() => done(), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#flush().then(() => done(), done);
  }

  async #take(lines: readonly string[]): Promise<void> {
    for (const line of lines) {
      if (this.#bytes > 0 && this.#bytes + line.length > Math.min(STATEMENT_BYTES, this.#allowed / 2)) await this.#flush();
      if (line.length + this.#insert.length + 16 > this.#allowed) {
        throw new DataError(
          'HR_PACKET_TOO_LARGE',
          `Row ${this.rows + this.#lines.length + 1} is larger than the server takes (max_allowed_packet = ${this.#allowed}): raise it, or leave the large column out`,
        );
      }
      this.#lines.push(line);
      this.#bytes += line.length + 3;
    }
  }

  async #flush(): Promise<void> {
    if (this.#lines.length === 0) return;
    const lines = this.#lines;
    this.#lines = [];
    this.#bytes = 0;
    try {
      await this.#client.run(`${this.#insert}(${lines.join('),(')})`);
    } catch (error) {
      // The server counts the rows of the statement, and who reads it those of the load.
      if (error instanceof Error) error.message = messageOf(error).replace(/at row (\d+)/, (_, row) => `at row ${this.rows + Number(row)}`);
      throw error;
    }
    this.rows += lines.length;
  }
}
