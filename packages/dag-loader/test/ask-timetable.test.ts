import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '@headrace/ports';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTimetableEvaluator, TimetableError } from '../src/index.ts';
import { asError, asLoaded, dagFolder } from './dag-folder.ts';

/** As the SDK makes it, as far as a timetable needs it. */
const CODE = `
const DAY = 86400000;
export default {
  [Symbol.for('headrace.dag')]: 1,
  dagId: 'tides',
  tasks: new Map(),
  timetables: new Map([
    ['moon', ({ last, earliest, latest }) => {
      const start = last === undefined ? earliest : last.end;
      return latest !== undefined && start >= latest ? undefined : { start, end: start + DAY, runAfter: start + DAY + 5 };
    }],
    ['clock', ({ earliest }) => ({ start: earliest, end: Date.now() })],
    ['dice', ({ earliest }) => ({ start: earliest, end: earliest + Math.floor(Math.random() * 1e9) })],
    ['angry', () => { throw new TypeError('no moon tonight'); }],
    ['endless', () => { for (;;); }],
    ['words', () => ({ start: 'soon', end: 'later' })],
    ['later', async () => undefined],
    ['still', () => ({ start: 1000, end: 1000 })],
    ['backwards', ({ earliest }) => ({ start: earliest + 5, end: earliest })],
    ['early', ({ earliest }) => ({ start: earliest - 5, end: earliest })],
  ]),
};`;

let folder: string;
let evaluator: ReturnType<typeof createTimetableEvaluator>;
const bundlesRead: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headrace-timetables-'));
  evaluator = createTimetableEvaluator({
    cacheDir: folder,
    store: {
      async bundle(versionId) {
        bundlesRead.push(versionId);
        if (versionId !== '7') throw new Error(`There is no version ${versionId}`);
        return { versionId, dagId: 'tides', hash: 'h', code: CODE, file: 'tides.ts', spec: undefined as never };
      },
    },
    log: silentLog,
    limits: { timeoutMs: 2_000 },
  });
});

afterAll(async () => {
  await evaluator.close();
  await rm(folder, { recursive: true, force: true });
});

const FIRST = { last: undefined, earliest: 1_000, latest: undefined };
const DAY = 86_400_000;

describe('a timetable of a version', () => {
  test('answers one interval after another, and that there is none', async () => {
    const first = await evaluator.ask('7', 'moon', FIRST);
    expect(first).toEqual({ start: 1_000, end: 1_000 + DAY, runAfter: 1_005 + DAY });
    expect(await evaluator.ask('7', 'moon', { ...FIRST, last: { start: 1_000, end: 1_000 + DAY } })).toMatchObject({ start: 1_000 + DAY });
    expect(await evaluator.ask('7', 'moon', { ...FIRST, latest: 1_000 })).toBeUndefined();
    expect(bundlesRead).toEqual(['7']);
  });

  test.each([
    ['clock', 'HR_UNSTABLE_TIMETABLE', 'it must depend on nothing but the question'],
    ['dice', 'HR_UNSTABLE_TIMETABLE', 'not on chance'],
    ['angry', 'HR_TIMETABLE', 'gave no answer: no moon tonight'],
    ['sun', 'HR_DAG_FORMAT', 'DAG "tides" has no timetable "sun"'],
    ['words', 'HR_BAD_TIMETABLE', 'answered {"start":"soon","end":"later"}'],
    ['later', 'HR_BAD_TIMETABLE', 'answered with a promise'],
    ['backwards', 'HR_BAD_TIMETABLE', 'ends before it begins'],
    ['early', 'HR_BAD_TIMETABLE', 'begins too early'],
    ['endless', 'HR_DAG_TIMEOUT', 'within 2 s'],
  ])(
    'that is bad (%s) is an error, and the next question is answered',
    async (name, code, message) => {
      const asked = evaluator.ask('7', name, FIRST);
      await expect(asked).rejects.toThrow(TimetableError);
      await expect(asked).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
      expect(await evaluator.ask('7', 'moon', FIRST)).toMatchObject({ start: 1_000 });
    },
    30_000,
  );

  test('that answers the same interval again is an error', async () => {
    await expect(evaluator.ask('7', 'still', { ...FIRST, last: { start: 1_000, end: 1_000 } })).rejects.toMatchObject({
      message: expect.stringContaining('did not go on'),
    });
  });

  test('that is not there says so, and is asked for again', async () => {
    await expect(evaluator.ask('8', 'moon', FIRST)).rejects.toThrow('There is no version 8');
    await expect(evaluator.ask('8', 'moon', FIRST)).rejects.toThrow('There is no version 8');
    expect(bundlesRead.filter((id) => id === '8')).toHaveLength(2);
  });
});

describe('a timetable in a DAG file', () => {
  const file = (id: string, body: string) => `import { dag, task, timetable } from '@headrace/sdk';
export default dag('${id}', { schedule: timetable('own', ${body}, { description: 'x' }) }, () => task('t', () => 1));`;

  test('is tried while the file is loaded', async () => {
    await using dags = await dagFolder({
      'good.ts': file('good', '({ last, earliest }) => ({ start: last?.end ?? earliest, end: (last?.end ?? earliest) + 1000 })'),
      'clock.ts': file('clock', '({ earliest }) => ({ start: earliest, end: Date.now() })'),
      'text.ts': file('text', "() => 'tomorrow' as never"),
    });
    const loader = dags.loader();
    expect(asLoaded(await loader.loadFile('good.ts')).dags[0]?.spec.schedule).toEqual({ kind: 'custom', name: 'own', description: 'x' });
    expect(asError(await loader.loadFile('clock.ts'))).toMatchObject({ code: 'HR_UNSTABLE_TIMETABLE' });
    expect(asError(await loader.loadFile('text.ts'))).toMatchObject({ code: 'HR_BAD_TIMETABLE' });
  });
});
