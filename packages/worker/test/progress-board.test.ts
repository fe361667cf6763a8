import { silentLog, type ToldProgress } from '@headrace/ports';
import { describe, expect, test } from '@jest/globals';
import { ProgressBoard } from '../src/progress-board.ts';

function board() {
  const saved: (readonly ToldProgress[])[] = [];
  const forgotten: string[] = [];
  let away = false;
  let now = 10_000;
  let ring: (() => void) | undefined;
  const made = new ProgressBoard({
    store: {
      save: async (told) => {
        if (away) throw new Error('away');
        saved.push(told);
      },
      forget: async (refs) => void forgotten.push(...refs.map(({ attemptId }) => attemptId)),
    },
    clock: { now: () => now, monotonic: () => now },
    timers: {
      after: (ms, call) => {
        expect(ms).toBe(1_000);
        ring = call;
        return () => {
          ring = undefined;
        };
      },
    },
    log: silentLog,
  });
  return {
    board: made,
    saved,
    forgotten,
    setAway: (is: boolean) => {
      away = is;
    },
    waits: () => ring !== undefined,
    async second() {
      now += 1_000;
      const call = ring;
      ring = undefined;
      call?.();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

const ref = (id: string) => ({ taskInstanceId: id, attemptId: `attempt-${id}` });

describe('the progress board', () => {
  test('writes the newest figures of all attempts in one call a second', async () => {
    const { board: one, saved, second, waits } = board();
    one.tell(ref('1'), { phase: 'reading', rows: 1 }, 50);
    one.tell(ref('2'), { phase: 'reading', rows: 10 }, 0);
    one.tell(ref('1'), { phase: 'reading', rows: 2 }, 60);
    expect(saved).toEqual([]);
    await second();
    expect(saved).toEqual([
      [
        { ...ref('1'), phase: 'reading', rows: 2, beganAt: 9_940, toldAt: 10_000 },
        { ...ref('2'), phase: 'reading', rows: 10, beganAt: 10_000, toldAt: 10_000 },
      ],
    ]);
    expect(waits()).toBe(false);
  });

  test('writes nothing of an attempt that has ended by then, and forgets one of which it wrote', async () => {
    const { board: one, saved, forgotten, second } = board();
    one.tell(ref('1'), { phase: 'reading' }, 0);
    one.end(ref('1'));
    one.end(ref('3'));
    await second();
    expect(saved).toEqual([]);
    expect(forgotten).toEqual([]);
    one.tell(ref('2'), { phase: 'reading' }, 0);
    await second();
    one.end(ref('2'));
    await second();
    expect(saved).toHaveLength(1);
    expect(forgotten).toEqual(['attempt-2']);
  });

  test('keeps figures while the store is away', async () => {
    const { board: one, saved, second, setAway } = board();
    setAway(true);
    one.tell(ref('1'), { phase: 'reading', rows: 1 }, 0);
    await second();
    expect(saved).toEqual([]);
    setAway(false);
    await second();
    expect(saved).toMatchObject([[{ rows: 1 }]]);
  });

  test('writes at its end what it has not written', async () => {
    const { board: one, forgotten, second } = board();
    one.tell(ref('1'), { phase: 'reading' }, 0);
    await second();
    one.end(ref('1'));
    await one.close();
    expect(forgotten).toEqual(['attempt-1']);
  });
});
