import { afterEach, describe, expect, test } from '@jest/globals';
import { eventually, PoolFixture } from './support/pool-fixture.ts';

let fixture: PoolFixture;

afterEach(() => fixture.stop());

async function pidOf(body = `task('t', () => process.pid);`): Promise<number> {
  const { result } = await fixture.run(body);
  return Number(result?.kind === 'inline' ? result.json : Number.NaN);
}

describe('a task process', () => {
  test('serves many attempts', async () => {
    fixture = await PoolFixture.start();
    expect(await pidOf()).toBe(await pidOf());
  });

  test('is replaced after its number of attempts, and nobody waits for the replacement', async () => {
    fixture = await PoolFixture.start({ limits: { tasksPerProcess: 3 } });
    const first = await pidOf();
    await eventually('another process serves', async () => (await pidOf()) !== first);
  });

  test('is replaced when it holds many bundles', async () => {
    fixture = await PoolFixture.start({ limits: { bundlesPerProcess: 3 } });
    const first = await pidOf();
    let other = 0;
    await eventually('another process serves', async () => (await pidOf(`task('t', () => process.pid + ${other++} * 0);`)) !== first);
    expect(other).toBeGreaterThanOrEqual(2);
  });

  test('is replaced when it has grown', async () => {
    fixture = await PoolFixture.start({ limits: { growthMb: 50 } });
    const first = await pidOf();
    const grown = await pidOf(
      `task('t', async () => { globalThis.kept = Buffer.alloc(120_000_000, 1); await new Promise((resolve) => setTimeout(resolve, 250)); return process.pid; });`,
    );
    expect(grown).toBe(first);
    await eventually('another process serves', async () => (await pidOf()) !== first);
  });

  test('that ends while idle is replaced', async () => {
    fixture = await PoolFixture.start();
    const first = await pidOf(`task('t', () => { setTimeout(() => process.exit(1), 20); return process.pid; });`);
    await eventually('another process serves', async () => (await pidOf().catch(() => first)) !== first);
  });

  test('runs each version of a DAG with its own code', async () => {
    fixture = await PoolFixture.start();
    const old = `task('t', () => 'old');`;
    const values: unknown[] = [];
    for (const body of [old, `task('t', () => 'new');`, old]) values.push((await fixture.run(body)).result);
    expect(values).toEqual(['"old"', '"new"', '"old"'].map((json) => ({ kind: 'inline', json })));
  });
});

describe('a pool', () => {
  test('runs as many attempts at once as it has processes', async () => {
    fixture = await PoolFixture.start({ size: 3 });
    const meet = `task('t', async () => { const start = Date.now(); await new Promise((resolve) => setTimeout(resolve, 300)); return [process.pid, start, Date.now()]; });`;
    await fixture.pool.ready();
    const ended = await Promise.all([1, 2, 3].map(() => fixture.run(meet)));
    const times = ended.map(({ result }) => JSON.parse(result?.kind === 'inline' ? result.json : '[]') as [number, number, number]);
    expect(new Set(times.map(([pid]) => pid)).size).toBe(3);
    expect(Math.max(...times.map(([, start]) => start))).toBeLessThan(Math.min(...times.map(([, , end]) => end)));
  });

  test('that closes interrupts what runs and refuses what waits', async () => {
    fixture = await PoolFixture.start();
    let started: () => void = () => {};
    const running = new Promise<void>((resolve) => {
      started = resolve;
    });
    const ended = fixture.run(`task('t', () => new Promise(() => {}));`, { onStart: started });
    await running;
    const refused = expect(fixture.run(`task('t', () => 1);`)).rejects.toThrow('no task process was free');
    await eventually('the second waits', () => fixture.pool.waiting === 1);
    await fixture.pool.close();
    expect((await ended).report).toEqual({ outcome: 'interrupted' });
    await refused;
  });
});
