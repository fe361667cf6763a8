/**
 * Loads whose process is killed with SIGKILL, at random moments, in random cells of the matrix; every third is killed again in its second attempt.
 * The last attempt must leave the table of the model, nothing unfinished that a reader could see, and nothing for an attempt that was taken for
 * dead to write. `HEADRACE_KILL_POINTS` says how many (default 8), `HEADRACE_KILL_SEED` which.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type DatasetResult, resolveReferences, type TaskDefinition } from '@headrace/sdk';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { allCells, type Cell, DISPOSITIONS, isFormat, nameOf } from './cells.ts';
import { declaredBy } from './declared.ts';
import { rowSets, type SetName } from './hard-rows.ts';
import { canonical, tableAfter } from './model.ts';
import { createWorld, day, endOf, type World } from './world.ts';

const POINTS = Number(process.env.HEADRACE_KILL_POINTS ?? 8);
const SEED = Number(process.env.HEADRACE_KILL_SEED ?? Math.floor(Math.random() * 1e9));
const SETS = rowSets(200);
const SCRIPT = fileURLToPath(new URL('killed-load.ts', import.meta.url));
const CELLS = allCells(declaredBy);

/** Numbers from 0 to 1 that the seed decides (mulberry32). */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

describe(`loads that are killed, seed ${SEED}`, () => {
  const roll = dice(SEED);
  let world: World;
  beforeAll(async () => {
    world = await createWorld(SETS);
  }, 600_000);
  afterAll(() => world?.close(), 60_000);

  /** Runs an attempt in a process, and kills it. Answers whether it had ended before. */
  async function attempt(cell: Cell, table: string, set: SetName, n: number, number: number, kill: Kill): Promise<Ended> {
    const interval = day(n);
    const { kind, taskId, operation } = world.tasks(cell, table, set).at(-1) as TaskDefinition;
    const request = {
      kind,
      taskId,
      operation: resolveReferences(operation, { params: {}, interval, run: { dagId: 'rig', id: 'run', logicalDate: interval.start } }),
      inputs: await world.inputsOf(cell, set),
      connections: world.rig.connections,
      folder: world.rig.folder,
      attempt: number,
      start: interval.start,
      end: interval.end,
    };
    const file = join(world.rig.folder, `${table}.json`);
    await writeFile(file, JSON.stringify(request));
    const child = spawn(process.execPath, [SCRIPT, file, String(kill.at ?? 0)], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    let wrong = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      wrong += chunk.toString();
    });
    const closed = once(child, 'close');
    await Promise.race([once(child.stdout, 'data'), closed]);
    const began = performance.now();
    if (kill.afterMs !== undefined) await Promise.race([sleep(kill.afterMs), closed]);
    if (kill.afterMs !== undefined) child.kill('SIGKILL');
    await closed;
    const lines = /ends (\d+)/.exec(said)?.[1];
    if (lines === undefined && child.signalCode !== 'SIGKILL') throw new Error(`the attempt failed by itself: ${wrong.slice(0, 2000)}`);
    return { ended: lines !== undefined, ms: performance.now() - began, lines: Number(lines ?? 0) };
  }

  const points = Array.from({ length: POINTS }, (_, point) => ({ point, cell: CELLS[Math.floor(roll() * CELLS.length)] as Cell }));
  const undisturbed = new Map<string, Ended>();
  test.each(points.map(({ point, cell }) => [point, nameOf(cell), cell] as const))(
    'point %i: %s',
    async (point, _name, cell) => {
      const table = `k_${point}`;
      const partitioned = cell.disposition === 'replace-partition';
      const before: readonly SetName[] = partitioned ? ['south', 'first'] : ['first'];
      const last = before.length + 1;
      for (const [n, set] of before.entries()) await world.run(cell, table, set, { interval: day(n + 1) });

      // What an attempt of this target takes, and says, is measured once on a table of its own.
      const kind = `${cell.target} ${cell.disposition}`;
      const whole = undisturbed.get(kind) ?? (await attempt(cell, `${table}_whole`, 'second', last, 1, {}));
      undisturbed.set(kind, whole);
      const kill = (): Kill => (roll() < 0.5 ? { afterMs: roll() * whole.ms } : { at: 1 + Math.floor(roll() * whole.lines) });

      const kills = point % 3 === 0 ? 2 : 1;
      for (let number = 1; number <= kills; number += 1) await attempt(cell, table, 'second', last, number, kill());
      const result = await world.run(cell, table, 'second', { interval: day(last), attempt: kills + 1 });

      const steps = [...before, 'second' as const].map((set, n) => ({ rows: SETS[set], at: endOf(n + 1) }));
      const wanted = canonical(tableAfter(steps, DISPOSITIONS[cell.disposition]));
      expect(canonical(await world.rows(cell, table))).toEqual(wanted);
      if ('counts' in result) {
        const { in: came, out, deduplicated, quarantined } = result.counts;
        expect([came, out + deduplicated + quarantined]).toEqual([SETS.second.length, SETS.second.length]);
      }
      expect(await world.leftovers(cell, table)).toEqual([]);

      // The first attempt was not dead: it is refused, or, where the target only ever puts the same rows, has put the same.
      const late = world.run(cell, table, 'second', { interval: day(last), attempt: 1 });
      await late.then(
        (put: DatasetResult) => expect(isFormat(cell.target) || unchanged(put)).toBe(true),
        (error: unknown) => expect(error).toMatchObject({ code: 'HR_FENCED_COMMIT' }),
      );
      expect(canonical(await world.rows(cell, table))).toEqual(wanted);
    },
    120_000,
  );
});

interface Ended {
  readonly ended: boolean;
  readonly ms: number;
  readonly lines: number;
}

/** After so long, or at the n-th thing that it says. Neither: not at all. */
interface Kill {
  readonly afterMs?: number;
  readonly at?: number;
}

function unchanged(result: DatasetResult): boolean {
  if (result.kind === 'lake') return result.unchanged;
  return result.kind === 'table' && result.inserted + result.updated + result.deleted === 0;
}
