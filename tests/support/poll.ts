import { setTimeout as delay } from 'node:timers/promises';

/** Asks until the answer is neither undefined nor false. Rejects after `seconds` with what was waited for. */
export async function until<T>(what: string, ask: () => Promise<T | undefined | false>, seconds = 60): Promise<T> {
  const giveUpAt = performance.now() + seconds * 1_000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > giveUpAt) throw new Error(`waited ${seconds} s in vain: ${what}`);
    await delay(50);
  }
}
