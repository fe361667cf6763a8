import { randomInt } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { type Outcome, runSchedule } from './adversary/run-schedule.ts';
import { type FaultSchedule, faultSchedule } from './adversary/schedule.ts';
import { shrink } from './adversary/shrink.ts';

/** A share of the usual number: 0.01 for a quick look, 10 for a night. The usual one takes a core two and a half minutes. */
const SHARE = Number(process.env.HEADRACE_FAULT_SCHEDULES ?? '1');
const FIXED = Math.ceil(5_000 * SHARE);
const FRESH = Math.ceil(2_500 * SHARE);
const SEEDS = new URL('seeds/', import.meta.url);
const TIMEOUT_MS = 20 * 60_000 * Math.max(1, SHARE);

/** A schedule that fails is made small and kept for ever: commit the file. */
async function keep(schedule: FaultSchedule, { violations }: Outcome): Promise<string> {
  const invariant = violations[0]?.invariant ?? '';
  const smallest = await shrink(schedule, invariant);
  const name = `${invariant}-${schedule.seed}.json`;
  mkdirSync(SEEDS, { recursive: true });
  writeFileSync(new URL(name, SEEDS), `${JSON.stringify(smallest, null, 2)}\n`);
  return `seed ${schedule.seed}, kept as seeds/${name}: ${violations.map((one) => `${one.invariant} @${one.atMs} ${one.what}`).join('\n')}`;
}

async function runAll(first: number, count: number): Promise<{ readonly failures: readonly string[]; readonly attempts: number }> {
  const failures: string[] = [];
  let attempts = 0;
  for (let seed = first; seed < first + count && failures.length < 3; seed++) {
    const schedule = faultSchedule(seed);
    const outcome = await runSchedule(schedule);
    attempts += outcome.attempts;
    if (outcome.violations.length > 0) failures.push(await keep(schedule, outcome));
  }
  return { failures, attempts };
}

describe('whatever befalls schedulers, workers, store and queue', () => {
  test(
    `no invariant is violated and everything comes to its end: ${FIXED} fixed schedules`,
    async () => {
      const { failures, attempts } = await runAll(1, FIXED);
      expect(failures).toEqual([]);
      expect(attempts).toBeGreaterThan(FIXED);
    },
    TIMEOUT_MS,
  );

  test(
    `… and ${FRESH} that nobody has seen before`,
    async () => {
      const base = randomInt(1_000_000, 2 ** 32 - FRESH);
      process.stdout.write(`fault schedules from base seed ${base}\n`);
      const { failures } = await runAll(base, FRESH);
      expect(failures).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test.each(readdirSync(SEEDS).filter((name) => name.endsWith('.json')))('what failed once does not fail again: %s', async (name) => {
    const schedule = JSON.parse(readFileSync(new URL(name, SEEDS), 'utf8')) as FaultSchedule;
    expect((await runSchedule(schedule)).violations).toEqual([]);
  });
});

describe('a fault schedule', () => {
  test('happens the same way each time, to the letter', async () => {
    for (const seed of [7, 89, 395]) {
      const once = await runSchedule(faultSchedule(seed), { traced: true });
      const again = await runSchedule(faultSchedule(seed), { traced: true });
      expect(once.trace.length).toBeGreaterThan(100);
      expect(again.trace.join('\n')).toBe(once.trace.join('\n'));
    }
  });

  test('is the same one for the same seed, and another one for another seed', () => {
    expect(faultSchedule(5)).toEqual(faultSchedule(5));
    expect(faultSchedule(5)).not.toEqual(faultSchedule(6));
  });
});
