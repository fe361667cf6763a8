/** A bar for long work, on a terminal alone: elsewhere nothing is written. */
import type { TextSink } from '../terminal.ts';

const WIDTH = 24;
const TO_START_AND_CLEAR = '\r\u001b[2K';

export interface TaskBar {
  /** `what`: what is being done now. */
  show(done: number, total: number, what: string): void;
  /** Takes it away. */
  end(): void;
}

export function inPlace(sink: TextSink): TaskBar {
  if (sink.isTTY !== true) return { show: () => undefined, end: () => undefined };
  return {
    show(done, total, what) {
      const full = total === 0 ? 0 : Math.round((Math.min(done, total) / total) * WIDTH);
      const line = `[${'#'.repeat(full)}${'-'.repeat(WIDTH - full)}] ${done}/${total} ${what}`;
      sink.write(`${TO_START_AND_CLEAR}${line.slice(0, Math.max(WIDTH, (sink.columns ?? 80) - 1))}`);
    },
    end: () => void sink.write(TO_START_AND_CLEAR),
  };
}
