import { setTimeout as delay } from 'node:timers/promises';

/** Asks again and again, for 20 seconds at most, until there is an answer. */
export async function until<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < 1_000; tries++) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await delay(20);
  }
  throw new Error(`waited in vain for ${what}`);
}
