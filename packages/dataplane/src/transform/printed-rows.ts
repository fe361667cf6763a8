/** What a program prints: rows, and words to us. */
import { Transform, type TransformCallback } from 'node:stream';
import type { TaskLog } from '@headrace/sdk';
import type { Work } from '../connector.ts';
import { DataError } from '../errors.ts';
import { quoteField } from './row-text.ts';

/** In characters. */
export const LONGEST_ROW = 8 * 1024 * 1024;

/** Lines as printed → numbered lines of CSV; words to us are taken out. */
export class PrintedRows extends Transform {
  rows = 0;
  isDone = false;
  readonly refused: { readonly row: number | null; readonly reason: string; readonly raw: string }[] = [];
  readonly #where: string;
  readonly #work: Work;
  readonly #most: number | undefined;
  #line = 0;
  #rest = '';
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });

  constructor(where: string, work: Work, most: number | undefined) {
    super();
    this.#where = where;
    this.#work = work;
    this.#most = most;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    try {
      const lines = (this.#rest + this.#decoder.decode(chunk, { stream: true })).split('\n');
      this.#rest = lines.pop() ?? '';
      if (this.#rest.length > LONGEST_ROW) throw this.#bad(this.#line + 1, `is longer than ${LONGEST_ROW} characters`, '');
      const text = lines.map((line) => this.#take(line)).join('');
      done(null, text === '' ? undefined : text);
    } catch (error) {
      done(error instanceof DataError ? error : this.#bad(this.#line + 1, 'is not UTF-8', ''));
    }
  }

  override _flush(done: TransformCallback): void {
    try {
      done(null, this.#rest.trim() === '' ? undefined : this.#take(this.#rest));
    } catch (error) {
      done(error as Error);
    }
  }

  #take(line: string): string {
    this.#line += 1;
    const text = line.trim();
    if (text === '') return '';
    if (!text.startsWith('{')) throw this.#bad(this.#line, 'is no JSON object', text);
    if (/^\{\s*"headrace"\s*:/.test(text)) {
      this.#hear(text);
      return '';
    }
    this.rows += 1;
    if (this.#most !== undefined && this.rows > this.#most)
      throw new DataError(
        'HR_PROGRAM_OUTPUT',
        `${this.#where}: the program printed more than ${this.#most} rows (maxRows). Nothing was published`,
      );
    return `${this.#line}\t${quoteField(text)}\n`;
  }

  #hear(text: string): void {
    let said: Readonly<Record<string, unknown>>;
    try {
      said = (JSON.parse(text) as { headrace: Readonly<Record<string, unknown>> }).headrace;
    } catch {
      throw this.#bad(this.#line, 'is no JSON', text);
    }
    const { log, progress, quarantine, done } = said;
    if (log !== undefined) speak(this.#work.log, log);
    const rows = (progress as { rows?: unknown } | undefined)?.rows;
    if (typeof rows === 'number') this.#work.progress({ phase: 'transforming', rows });
    if (quarantine !== undefined) {
      const { row, reason, raw } = quarantine as { row?: unknown; reason?: unknown; raw?: unknown };
      this.refused.push({
        row: typeof row === 'number' ? row : null,
        reason: String(reason ?? 'refused by the program'),
        raw: JSON.stringify(raw ?? null),
      });
    }
    if (done === true) this.isDone = true;
    if ([log, progress, quarantine, done].every((word) => word === undefined))
      throw this.#bad(this.#line, 'is no word that we know (log, progress, quarantine, done)', text);
  }

  #bad(line: number, what: string, text: string): DataError {
    return new DataError(
      'HR_PROGRAM_OUTPUT',
      `${this.#where}: line ${line} that the program printed ${what}${text === '' ? '' : `: ${text.slice(0, 200)}`}. Rows are printed as one JSON object a line; anything else belongs on standard error. Nothing was published`,
    );
  }
}

function speak(log: TaskLog, said: unknown): void {
  const {
    level = 'info',
    message,
    ...fields
  } = (typeof said === 'string' ? { message: said } : (said ?? {})) as { level?: string; message?: unknown };
  const say = level === 'error' || level === 'warn' || level === 'debug' ? log[level] : log.info;
  say(String(message ?? ''), fields);
}
