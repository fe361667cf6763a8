/** Programs over rows, with real ones: what they say, how they fail, and that they end with everything they started. */
import { readFileSync } from 'node:fs';
import { type LakeResult, type TaskDefinition, type TransformProgram, transform } from '@headrace/sdk';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { until } from '../../../tests/support/poll.ts';
import { lake, postgres } from '../src/index.ts';
import { createRig, type LogLine, only, type Rig, type RunOptions } from './support/rig.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await createRig();
  const pos = await rig.client('pos');
  await pos.query(`create table items (id int8, price numeric(20,10), at timestamptz, note text, rate float8, tags jsonb);
    insert into items values (9007199254740993, 1.0000000001, '2020-01-01 00:00:00.000001+00', E'a"b\\n\\tc', 'NaN', '{"a": [1]}'), (2, null, null, null, null, null)`);
}, 60_000);
afterAll(() => rig.close());

const columns = { id: 'int8', price: 'decimal(20,10)', at: 'timestamptz', note: 'text', rate: 'float8', tags: 'json' } as const;
const items = postgres('pos').table('items', { columns });
const many = (rows: number) =>
  postgres('pos').query(`select i::int8 as id, repeat('x', 100) as note from generate_series(1, ${rows}) i`, {
    columns: { id: 'int8', note: 'text' },
  });
const task = (program: TransformProgram, from: typeof items | ReturnType<typeof many>, more: Readonly<Record<string, unknown>> = {}) =>
  only(() =>
    transform.program('score', { reads: { rows: from as typeof items }, program, columns, into: lake('lake').table('scored'), ...more }),
  ) as TaskDefinition<LakeResult>;
const python = (code: string, more: Partial<TransformProgram> = {}): TransformProgram => ({
  command: ['python3', '-u', '-c', code],
  ...more,
});
const sh = (code: string, more: Partial<TransformProgram> = {}): TransformProgram => ({ command: ['sh', '-c', code], ...more });
const run = (program: TransformProgram, more?: Readonly<Record<string, unknown>>, options?: RunOptions) =>
  rig.run(task(program, items, more), options);
const isAlive = (pid: number): boolean => {
  try {
    // A process that nobody has asked for yet is dead, too.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

test('rows pass as JSON without loss, words are heard, and standard error is logged', async () => {
  const lines: LogLine[] = [];
  const result = await run(
    python(
      `
import sys, json, os
print(json.dumps({"headrace": {"log": {"level": "warn", "message": "begun", "secret": os.environ.get("DATABASE_URL")}}}))
sys.stderr.write("thinking " + os.environ["GIVEN"] + "\\n")
for n, line in enumerate(sys.stdin):
    row = json.loads(line)
    sys.stderr.write(repr(row) + "\\n")
    if row["id"] == "2":
        print(json.dumps({"headrace": {"quarantine": {"row": n + 1, "reason": "no price", "raw": row}}}))
    else:
        print(json.dumps(row))
print(json.dumps({"headrace": {"progress": {"rows": 2}}}))
`,
      { env: { GIVEN: 'hard' } },
    ),
    { onError: 'quarantine' },
    { onLog: (line) => lines.push(line) },
  );
  expect(result).toMatchObject({
    rows: 1,
    counts: { in: 2, out: 1, quarantined: 1 },
    transformed: { read: 2, dropped: 0, failed: 1, made: 1 },
    quarantine: '_quarantine/rig/score',
  });
  expect(lines).toContainEqual({ level: 'warn', message: 'begun', fields: { secret: null } });
  const logged = lines.map(({ message }) => message);
  expect(logged).toContain('thinking hard');
  expect(logged).toContainEqual(
    expect.stringContaining(
      "{'id': '9007199254740993', 'price': '1.0000000001', 'at': '2020-01-01T00:00:00.000001Z', 'note': 'a\"b\\n\\tc', 'rate': 'nan', 'tags': {'a': [1]}}",
    ),
  );
  const back = await rig.runAll(() => {
    transform('back', {
      reads: { s: lake('lake').table('scored') },
      sql: `select id, price, "at"::varchar as seen_at, note, isnan(rate) as nan, tags from s where id > 2 and price > 1 and note like '%' || chr(10) || '%'`,
      into: lake('lake').table('seen'),
    });
  });
  expect(back.back).toMatchObject({ rows: 1 });
});

describe('nothing is published, and the reason is said, of a program that', () => {
  const failing: readonly (readonly [string, TransformProgram, Readonly<Record<string, unknown>>, RegExp])[] = [
    [
      'fails',
      python('import sys; sys.stdin.read(); print("{}"); sys.exit("no model")'),
      { code: 'HR_PROGRAM_FAILED' },
      /ended with code 1\. It last said: no model/,
    ],
    ['is not there', { command: ['no-such-program'] }, { code: 'HR_PROGRAM_NOT_FOUND' }, /./],
    [
      'prints garbage',
      sh('cat >/dev/null; echo "{}"; echo hello'),
      { code: 'HR_PROGRAM_OUTPUT' },
      /line 2 that the program printed is no JSON object: hello/,
    ],
    [
      'prints half an object',
      sh(`cat >/dev/null; echo '{"id": '`),
      { code: 'HR_PROGRAM_OUTPUT' },
      /line 1 that the program printed is no JSON/,
    ],
    ['prints bytes that are no text', sh(`cat >/dev/null; printf '{\\377\\n'`), { code: 'HR_PROGRAM_OUTPUT' }, /line 1 .* is not UTF-8/],
    [
      'gives a wrong type',
      sh(`cat >/dev/null; echo '{}'; echo '{"id": "many"}'`),
      { code: 'HR_TYPE_MISMATCH' },
      /line 2 that the program printed: column "id" is declared int8, but the value is: many/,
    ],
    [
      'says what we do not know',
      sh(`cat >/dev/null; echo '{"headrace": {"speak": 1}}'`),
      { code: 'HR_PROGRAM_OUTPUT' },
      /no word that we know/,
    ],
    ['prints too much', sh(`cat >/dev/null; echo '{}'; echo '{}'`, { maxRows: 1 }), { code: 'HR_PROGRAM_OUTPUT' }, /more than 1 rows/],
    ['is killed', sh('kill -KILL $$'), { code: 'HR_PROGRAM_FAILED' }, /was ended by SIGKILL|ended with code 137/],
    [
      'takes more memory than it may',
      python('import sys; sys.stdin.read(); x = bytearray(1 << 30)', { memory: 256 }),
      { code: 'HR_PROGRAM_FAILED' },
      /MemoryError/,
    ],
  ];
  test.each(failing)('%s', async (_, program, error, message) => {
    await expect(run(program, { into: lake('lake').table('never') })).rejects.toMatchObject({
      ...error,
      message: expect.stringMatching(message),
    });
    await expect(
      rig.runAll(() => transform('look', { reads: { n: lake('lake').table('never') }, sql: 'from n', into: lake('lake').table('x') })),
    ).rejects.toMatchObject({ code: 'HR_TABLE_NOT_FOUND' });
  });

  test('closes its input early, unless it says that it is done', async () => {
    const early = (code: string) => rig.run(task(sh(code), many(50_000), { into: lake('lake').table('early') }));
    await expect(early('head -n 1')).rejects.toMatchObject({ code: 'HR_PROGRAM_INPUT_UNREAD' });
    expect(await early(`head -n 1; echo '{"headrace": {"done": true}}'`)).toMatchObject({ rows: 1 });
  });
});

test('a program that does not read while it prints, and floods its standard error, is neither waited for nor kept', async () => {
  const lines: LogLine[] = [];
  const code = `
import sys
for i in range(20000): sys.stderr.write("noise " * 20 + "\\n")
for line in sys.stdin:
    sys.stdout.write(line)
`;
  const result = await rig.run(task(python(code), many(20_000), { into: lake('lake').table('flood') }), {
    onLog: (line) => lines.push(line),
  });
  expect(result).toMatchObject({ rows: 20_000, transformed: { read: 20_000, made: 20_000 } });
  expect(lines.length).toBeLessThan(5100);
});

test('a program that hangs is ended with all that it started when the task is', async () => {
  const stop = new AbortController();
  const pids: number[] = [];
  // Deaf to SIGTERM are its children, not itself.
  const program = sh(`sh -c 'trap "" TERM; echo pid $$ >&2; while :; do sleep 1; done' & echo pid $$ >&2; wait`);
  const running = run(
    program,
    {},
    {
      signal: stop.signal,
      onLog({ message }) {
        if (message.startsWith('pid ')) pids.push(Number(message.slice(4)));
        if (pids.length === 2) stop.abort(new Error('cancelled'));
      },
    },
  );
  await expect(running).rejects.toThrow('cancelled');
  await until('the group is gone', async () => (pids.length === 2 && !pids.some(isAlive) ? true : undefined));
});

test('children that outlive their program do not hold the task, and are ended', async () => {
  const pids: number[] = [];
  const program = sh(`cat; sh -c 'echo pid $$ >&2; exec sleep 600' &`);
  await run(program, {}, { onLog: ({ message }) => message.startsWith('pid ') && pids.push(Number(message.slice(4))) });
  await until('the child is gone', async () => (pids.length === 1 && !pids.some(isAlive) ? true : undefined));
});
