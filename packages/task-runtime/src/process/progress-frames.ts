/** Progress on its way to the worker: what an operation says as often as it likes, once a second. */
import type { AttemptProgress } from '@headrace/core';
import type { Frame } from '../protocol.ts';

const EVERY_MS = 1_000;

export class ProgressFrames {
  readonly #run: number;
  readonly #send: (frame: Frame) => void;
  #next: AttemptProgress | undefined;
  #firstAt: number | undefined;
  #sentAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(run: number, send: (frame: Frame) => void) {
    this.#run = run;
    this.#send = send;
  }

  /** The first at once, then the newest each second. */
  tell(progress: AttemptProgress): void {
    this.#next = progress;
    const now = performance.now();
    if (this.#firstAt === undefined || now - this.#sentAt >= EVERY_MS) this.#flush(now);
    else this.#timer ??= setTimeout(() => this.#flush(performance.now()), EVERY_MS - (now - this.#sentAt)).unref();
  }

  /** The attempt is over. The last figures of what took long are told. */
  end(): void {
    const now = performance.now();
    clearTimeout(this.#timer);
    if (this.#next !== undefined && this.#firstAt !== undefined && now - this.#firstAt >= EVERY_MS) this.#flush(now);
  }

  #flush(now: number): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { phase, rows, bytes, totalRows, totalBytes } = this.#next ?? {};
    this.#next = undefined;
    if (phase === undefined) return;
    this.#firstAt ??= now;
    this.#sentAt = now;
    this.#send({
      type: 'progress',
      run: this.#run,
      phase: String(phase),
      ...whole('rows', rows),
      ...whole('bytes', bytes),
      ...whole('totalRows', totalRows),
      ...whole('totalBytes', totalBytes),
    });
  }
}

/** Figures are whole numbers; an estimate may come as a fraction. */
function whole<Name extends string>(name: Name, value: number | undefined): { readonly [K in Name]?: number } {
  if (value === undefined || !Number.isFinite(value) || value < 0) return {};
  return { [name]: Math.min(Math.round(value), Number.MAX_SAFE_INTEGER) } as { readonly [K in Name]?: number };
}
