/**
 * The log of one attempt: JSON lines `{ ts, level, stream, message, fields?, trace_id?, span_id? }`, in memory while short, in a local file when longer,
 * and in the object store: every few seconds while it grows, whole when the attempt is over.
 *
 * G1. Bounded: a line by `lineBytes`, the log by `outputBytes`, memory by `SPILL_BYTES` and what is on its way to the file.
 * G2. Secrets are masked before a line is kept anywhere.
 * G3. A log that cannot be written is reported to the worker's own log and never fails the attempt.
 */
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock, Log, Metrics, ObjectStore } from '@headrace/ports';
import { formatBytes } from './errors.ts';
import type { TaskLimits } from './limits.ts';
import { OutputLines } from './output-lines.ts';
import type { LogLevel } from './protocol.ts';
import { type Mask, maskStrings } from './secrets.ts';

const SPILL_BYTES = 262_144;
/** More than this waiting for the file: whoever writes should pause. */
const CONGESTED_BYTES = 4 * 1_048_576;
const PUBLISH_MS = 2_000;
/** Publishing a long log again and again should not take more than this part of the time. */
const PUBLISH_SHARE = 0.1;
const LAST_PUT_TRIES = 3;

export interface AttemptLogOptions {
  readonly key: string;
  /** Where it goes when it is long. */
  readonly file: string;
  readonly objects: ObjectStore;
  readonly mask: Mask;
  readonly limits: Pick<TaskLimits, 'lineBytes' | 'outputBytes'>;
  /** Whose trace it is part of: each line says so. */
  readonly trace?: { readonly traceId: string; readonly spanId: string };
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** What there is of a line beside its text. */
export interface LineDetails {
  readonly fields?: Readonly<Record<string, unknown>>;
  /** The message goes on, but has been cut off. */
  readonly isCut?: boolean;
  /** In which span it was written, if not in the attempt's own. */
  readonly spanId?: string;
}

export type OutputSource = 'stdout' | 'stderr';

export class AttemptLog {
  readonly #options: AttemptLogOptions;
  readonly #streams: Readonly<Record<'process' | 'descriptor', Readonly<Record<OutputSource, OutputLines>>>>;
  #memory: Buffer[] = [];
  /** Bytes in `#memory`. */
  #memoryBytes = 0;
  #totalBytes = 0;
  #publishedBytes = 0;
  #cut = false;
  #file: FileHandle | undefined;
  #fileBytes = 0;
  #work: Promise<void> = Promise.resolve();
  #spilling = false;
  #publishTimer: NodeJS.Timeout | undefined;
  #onRelief: (() => void) | undefined;

  constructor(options: AttemptLogOptions) {
    this.#options = options;
    const lines = (stream: OutputSource) =>
      new OutputLines(options.limits.lineBytes, (text, isCut) => this.#addLine(levelOf(stream), stream, text, { isCut }));
    this.#streams = {
      process: { stdout: lines('stdout'), stderr: lines('stderr') },
      descriptor: { stdout: lines('stdout'), stderr: lines('stderr') },
    };
  }

  /** Output of the task, in pieces. `descriptor`: written past the process's streams, by native code or a grandchild. */
  output(from: 'process' | 'descriptor', stream: OutputSource, text: string): void {
    this.#streams[from][stream].push(text);
  }

  /** A structured line. */
  line(level: LogLevel, message: string, details: LineDetails = {}): void {
    this.#addLine(level, 'task', message, details);
  }

  /** How far the task is. */
  progress(message: string, fields: Readonly<Record<string, unknown>>): void {
    this.#addLine('info', 'progress', message, { fields });
  }

  /** Headrace's own last word; comes even when the log is cut. */
  verdict(level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void {
    this.#flushStreams();
    this.#keep(level, 'headrace', message, fields === undefined ? {} : { fields });
  }

  /** Whether whoever writes should wait; then `relief` is called once there is room. */
  congested(relief: () => void): boolean {
    if (this.#file === undefined && !this.#spilling) return false;
    if (this.#memoryBytes < CONGESTED_BYTES) return false;
    this.#onRelief = relief;
    return true;
  }

  /** Stores the whole log. Answers with its key, or undefined when there is nothing in it. */
  async close(): Promise<string | undefined> {
    this.#flushStreams();
    clearTimeout(this.#publishTimer);
    const { key, log, file } = this.#options;
    if (this.#totalBytes === 0) return undefined;
    await this.#work;
    for (let attempt = 1; this.#publishedBytes < this.#totalBytes && attempt <= LAST_PUT_TRIES; attempt++) {
      await this.#publish().catch((error: unknown) => log.warn({ error, key, attempt }, 'the log of an attempt could not be stored'));
    }
    this.#options.metrics.count('headrace_task_log_bytes_total', {}, this.#totalBytes);
    if (this.#file !== undefined) {
      await this.#file.close().catch(() => {});
      await rm(file, { force: true }).catch((error: unknown) => log.warn({ error, file }, 'the local copy of a log could not be removed'));
    }
    return this.#publishedBytes > 0 ? key : undefined;
  }

  #flushStreams(): void {
    for (const streams of Object.values(this.#streams)) for (const lines of Object.values(streams)) lines.flush();
  }

  #addLine(level: LogLevel, stream: string, message: string, details: LineDetails): void {
    if (this.#cut) return;
    const { outputBytes } = this.#options.limits;
    if (this.#totalBytes < outputBytes) {
      this.#keep(level, stream, message, details);
      return;
    }
    this.#cut = true;
    this.#options.metrics.count('headrace_task_log_truncated_total');
    this.#keep('warn', 'headrace', `The log ends here: it has reached its limit of ${formatBytes(outputBytes)} (outputBytes)`, {});
  }

  #keep(level: LogLevel, stream: string, message: string, { fields, isCut = false, spanId }: LineDetails): void {
    const { mask, clock, limits, trace } = this.#options;
    const masked = fields === undefined ? undefined : maskStrings(fields, mask);
    const line = {
      ts: new Date(clock.now()).toISOString(),
      level,
      stream,
      message: shortened(mask(message, isCut), limits.lineBytes, isCut),
      ...(masked === undefined ? {} : { fields: masked }),
      ...(trace === undefined ? {} : { trace_id: trace.traceId, span_id: spanId ?? trace.spanId }),
    };
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
    this.#memory.push(bytes);
    this.#memoryBytes += bytes.length;
    this.#totalBytes += bytes.length;
    this.#publishLater(PUBLISH_MS);
    if (this.#memoryBytes > SPILL_BYTES && !this.#spilling) this.#spill();
  }

  /** Moves what is in memory to the file, and goes on while more than a little has come meanwhile. */
  #spill(): void {
    this.#spilling = true;
    this.#work = this.#work.then(async () => {
      try {
        while (this.#memoryBytes > SPILL_BYTES) await this.#writeToFile();
      } catch (error) {
        this.#options.log.warn(
          { error, file: this.#options.file },
          'a task log could not be written to the local disk; the rest of it is dropped',
        );
        this.#cut = true;
        this.#memory = [];
        this.#memoryBytes = 0;
        this.#totalBytes = this.#fileBytes;
      } finally {
        this.#spilling = false;
        const relief = this.#onRelief;
        this.#onRelief = undefined;
        relief?.();
      }
    });
  }

  async #writeToFile(): Promise<void> {
    if (this.#file === undefined) {
      await mkdir(dirname(this.#options.file), { recursive: true });
      this.#file = await open(this.#options.file, 'w');
    }
    const bytes = Buffer.concat(this.#memory);
    this.#memory = [];
    this.#memoryBytes = 0;
    await this.#file.writeFile(bytes);
    this.#fileBytes += bytes.length;
  }

  #publishLater(ms: number): void {
    this.#publishTimer ??= setTimeout(() => {
      const startedAt = performance.now();
      this.#work = this.#work
        .then(() => this.#publish())
        .catch((error: unknown) =>
          this.#options.log.warn(
            { error, key: this.#options.key },
            'the log of a running attempt could not be stored; it will be tried again',
          ),
        )
        .finally(() => {
          this.#publishTimer = undefined;
          if (this.#publishedBytes < this.#totalBytes)
            this.#publishLater(Math.max(PUBLISH_MS, (performance.now() - startedAt) / PUBLISH_SHARE));
        });
    }, ms).unref();
  }

  async #publish(): Promise<void> {
    const { objects, key, file } = this.#options;
    if (this.#file === undefined) {
      const bytes = Buffer.concat(this.#memory);
      await objects.put(key, bytes);
      this.#publishedBytes = bytes.length;
      return;
    }
    if (this.#memoryBytes > 0) await this.#writeToFile();
    const size = this.#fileBytes;
    await objects.put(key, createReadStream(file, { start: 0, end: size - 1 }));
    this.#publishedBytes = size;
  }
}

/** Masked before: what is cut off here is no part of a secret. */
function shortened(text: string, limit: number, isCut: boolean): string {
  if (text.length <= limit && !isCut) return text;
  const mark = ` … [the line is longer than ${limit} characters and was cut]`;
  return `${text.slice(0, Math.max(0, limit - mark.length)).toWellFormed()}${mark}`;
}

function levelOf(stream: OutputSource): LogLevel {
  return stream === 'stdout' ? 'info' : 'warn';
}
