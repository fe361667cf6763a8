/**
 * Whose output is this? What a task writes to `console`, `process.stdout` and `process.stderr` is sent as frames of the attempt
 * in whose asynchronous context it was written, so that a timer that an earlier attempt left behind does not write into the log of a later one.
 *
 * Native code and grandchildren write to the descriptors themselves; those the worker reads apart.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { StringDecoder } from 'node:string_decoder';
import type { TaskLog } from '@headrace/sdk';
import type { Frame, LogLevel } from '../protocol.ts';

/** Of JavaScript strings; a frame stays well below its limit whatever the characters. */
const PIECE_LENGTH = 32_768;
/** A secret that lies across the longest length of a message is seen whole by who masks it. */
const BEYOND = 8_192;
/** The worker writes the marker of a cut log when more than the limit arrives. */
const SURPLUS_BYTES = 65_536;

type StreamName = 'stdout' | 'stderr';

/** The output of one attempt. Silent once the attempt is over. */
export class AttemptOutput {
  readonly run: number;
  /** The span of a trace that is open where something is logged. */
  spanId: (() => string | undefined) | undefined;
  readonly #send: (frame: Frame) => void;
  #left: number;
  #over = false;
  readonly #decoders = { stdout: new StringDecoder('utf8'), stderr: new StringDecoder('utf8') };

  constructor(run: number, outputBytes: number, send: (frame: Frame) => void) {
    this.run = run;
    this.#send = send;
    this.#left = outputBytes + SURPLUS_BYTES;
  }

  write(stream: StreamName, chunk: string | Uint8Array, encoding?: BufferEncoding): void {
    const text =
      typeof chunk === 'string'
        ? textOf(chunk, encoding)
        : this.#decoders[stream].write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    for (let start = 0; start < text.length && this.#takes(); start += PIECE_LENGTH) {
      const piece = text.slice(start, start + PIECE_LENGTH);
      this.#left -= piece.length;
      this.#send({ type: 'output', run: this.run, stream, text: piece });
    }
  }

  log(level: LogLevel, message: unknown, fields?: Readonly<Record<string, unknown>>): void {
    if (!this.#takes()) return;
    const whole = String(message);
    const spanId = this.spanId?.();
    const text = whole.slice(0, 2 * PIECE_LENGTH + BEYOND);
    const cut = text.length < whole.length;
    const safe = fields === undefined ? undefined : safeFields(fields);
    this.#left -= text.length + (safe === undefined ? 0 : safe.length);
    this.#send({
      type: 'log',
      run: this.run,
      level,
      message: text,
      ...(safe === undefined ? {} : { fields: safe.fields }),
      ...(cut ? { cut } : {}),
      ...(spanId === undefined ? {} : { spanId }),
    });
  }

  /** After this nothing is written. Characters of which only the first bytes came are shown as such. */
  end(): void {
    for (const stream of ['stdout', 'stderr'] as const) {
      const rest = this.#decoders[stream].end();
      if (rest !== '') this.write(stream, rest);
    }
    this.#over = true;
  }

  #takes(): boolean {
    return !this.#over && this.#left > 0;
  }
}

export const outputOfContext = new AsyncLocalStorage<AttemptOutput>();

/** Sends what is written to the standard streams on its way. Output without a context belongs to the attempt that runs, if any. */
export function captureStandardStreams(running: () => AttemptOutput | undefined): void {
  for (const name of ['stdout', 'stderr'] as const) {
    const stream = process[name];
    const write = (
      chunk: string | Uint8Array,
      encoding?: BufferEncoding | ((error?: Error | null) => void),
      done?: (error?: Error | null) => void,
    ): boolean => {
      const output = outputOfContext.getStore() ?? running();
      output?.write(name, chunk, typeof encoding === 'string' ? encoding : undefined);
      const callback = typeof encoding === 'function' ? encoding : done;
      if (callback !== undefined) process.nextTick(callback);
      return true;
    };
    stream.write = write as typeof stream.write;
  }
}

/** The structured log of a task's context. */
export function taskLog(output: AttemptOutput): TaskLog {
  const at = (level: LogLevel) => (message: string, fields?: Readonly<Record<string, unknown>>) => output.log(level, message, fields);
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function textOf(chunk: string, encoding: BufferEncoding | undefined): string {
  return encoding === undefined || encoding === 'utf8' || encoding === 'utf-8' ? chunk : Buffer.from(chunk, encoding).toString('utf8');
}

/** A log never fails: what JSON cannot hold is written as text, and what is too long is left out. */
function safeFields(fields: Readonly<Record<string, unknown>>): {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly length: number;
} {
  try {
    const text = JSON.stringify(fields, replaceForLog);
    if (text.length <= 2 * PIECE_LENGTH) return { fields: JSON.parse(text) as Readonly<Record<string, unknown>>, length: text.length };
    return { fields: { _omitted: `fields of ${text.length} characters` }, length: 64 };
  } catch (error) {
    return { fields: { _omitted: `fields that are not JSON: ${String(error)}` }, length: 64 };
  }
}

function replaceForLog(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value);
  if (typeof value === 'function') return `[function ${value.name}]`;
  if (value instanceof Error) return { name: value.name, message: value.message, stack: value.stack };
  if (value instanceof Map) return Object.fromEntries(value);
  if (value instanceof Set) return [...value];
  return value;
}
