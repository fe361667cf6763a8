import type { Timers } from '@headrace/ports';

const FIRST_MS = 20;
const LONGEST_MS = 1_000;

/** What waiting between two tries takes. */
export interface Patience {
  readonly timers: Timers;
  /** In [0, 1): spreads the tries of many. */
  readonly dice: () => number;
}

/**
 * Calls until it succeeds, waiting longer and longer between two tries. Once `mayContinue` says no, rejects with the last error.
 * Only for calls that are safe to repeat. `onFailure` hears of each error after which it goes on.
 */
export async function persistently<T>(
  { timers, dice }: Patience,
  call: () => Promise<T>,
  mayContinue: (error: unknown) => boolean,
  onFailure: (error: unknown) => void,
): Promise<T> {
  for (let wait = FIRST_MS; ; wait = Math.min(LONGEST_MS, wait * 2)) {
    try {
      return await call();
    } catch (error) {
      if (!mayContinue(error)) throw error;
      onFailure(error);
      await new Promise<void>((resolve) => void timers.after(wait * (0.5 + dice() / 2), resolve));
    }
  }
}
