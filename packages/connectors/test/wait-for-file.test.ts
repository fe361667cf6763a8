import { mkdir, rename, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { type DagDefinition, dag, type TaskDefinition, text } from '@headrace/sdk';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startS3 } from '../../../tests/support/s3-server.ts';
import { type FoundFile, files, waitForFile } from '../src/index.ts';
import { createRig, type LogLine, only, type Rig } from './support/rig.ts';

interface Landing {
  readonly url: string;
  put(path: string, content: string): Promise<void>;
  close(): Promise<void>;
}

const places = [
  {
    name: 'on the local disk',
    open: async ({ folder, connections }: Rig): Promise<Landing> => ({
      url: connections.inbox ?? '',
      async put(path, content) {
        const file = join(folder, 'inbox', path);
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, content);
      },
      close: async () => {},
    }),
  },
  {
    name: 'in S3',
    open: async (): Promise<Landing> => {
      const { endpoint, region, bucket, accessKeyId, secretAccessKey, stop } = await startS3();
      const settings = new URLSearchParams({ endpoint, region, accessKeyId, secretAccessKey, pathStyle: 'true' });
      const client = new S3Client({ endpoint, region, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } });
      return {
        url: `s3://${bucket}/landing?${settings}`,
        async put(path, content) {
          await client.send(new PutObjectCommand({ Bucket: bucket, Key: `landing/${path}`, Body: Buffer.from(content) }));
        },
        async close() {
          client.destroy();
          await stop();
        },
      };
    },
  },
];

type Options = Readonly<Record<string, unknown>>;
const waiting = <Found>(options: Options) =>
  only(() => waitForFile('file', { in: files('inbox'), ...options } as never)) as TaskDefinition<Found>;

describe.each(places)('waiting for a file $name', ({ open }) => {
  let rig: Rig;
  let landing: Landing;
  beforeAll(async () => {
    rig = await createRig();
    landing = await open(rig);
    rig.connections.inbox = landing.url;
  }, 600_000);
  afterAll(async () => {
    await landing.close();
    await rig.close();
  });

  test('finds it under a path of the run when it has come, with its size and time', async () => {
    const definition: DagDefinition = dag('rig', {}, ({ interval }) =>
      waitForFile('file', { in: files('inbox'), path: text`in/${interval.day}.csv` }),
    );
    const task = definition.tasks.get('file') as TaskDefinition<FoundFile>;
    const lines: LogLine[] = [];
    const onLog = (line: LogLine) => lines.push(line);
    expect(await rig.look(task, { onLog })).toBeUndefined();
    await landing.put('in/2017-06-18.csv', 'yesterday');
    await landing.put('in/2017-06-19.csv/part', 'a folder');
    expect(await rig.look(task, { onLog })).toBeUndefined();
    expect(lines.map(({ message }) => message)).toEqual(Array(2).fill(expect.stringMatching(/^Waiting for .*\/in\/2017-06-19\.csv$/)));
    expect(JSON.stringify(lines)).not.toContain('headrace-test-secret');

    await landing.put('in/whole.csv', 'abc');
    const before = Date.now() - 60_000;
    const found = await rig.look(waiting<FoundFile>({ path: 'in/whole.csv' }));
    expect(found).toEqual({ path: 'in/whole.csv', bytes: 3, modifiedAt: expect.any(Date) });
    expect(found?.modifiedAt.getTime()).toBeGreaterThan(before);
  });

  test('takes a file that is too small for none, and an empty one for a file', async () => {
    const task = waiting<FoundFile>({ path: 'small.csv', minBytes: 4 });
    await landing.put('small.csv', 'abc');
    expect(await rig.look(task)).toBeUndefined();
    await landing.put('small.csv', 'abcd');
    expect(await rig.look(task)).toMatchObject({ bytes: 4 });
    await landing.put('empty', '');
    expect(await rig.look(waiting<FoundFile>({ path: 'empty' }))).toMatchObject({ bytes: 0 });
  });

  test('finds all files that a glob matches, when there are enough of them', async () => {
    const names = (glob: string, more: object = {}) =>
      rig.look(waiting<readonly FoundFile[]>({ glob, ...more })).then((all) => all?.map(({ path }) => path));
    for (const path of ['g/b.csv', 'g/a.csv', 'g/deep/er/c.csv', 'g/d.json', 'g/.hidden.csv', 'ga.csv', 'g/we[ird].csv'])
      await landing.put(path, 'x');
    expect(await names('g/?.csv')).toEqual(['g/a.csv', 'g/b.csv']);
    expect(await names('g/*.csv')).toEqual(['g/a.csv', 'g/b.csv', 'g/we[ird].csv']);
    expect(await names('g/**/*.csv')).toEqual(['g/a.csv', 'g/b.csv', 'g/deep/er/c.csv', 'g/we[ird].csv']);
    expect(await names('g/*.{csv,json}')).toEqual(['g/a.csv', 'g/b.csv', 'g/d.json', 'g/we[ird].csv']);
    expect(await names('g/**')).toEqual(['g/a.csv', 'g/b.csv', 'g/d.json', 'g/deep/er/c.csv', 'g/we[ird].csv']);
    expect(await names('g/.*')).toEqual(['g/.hidden.csv']);
    expect(await names('g/*.xml')).toBeUndefined();
    expect(await names('g/?.csv', { min: 3 })).toBeUndefined();
    await landing.put('g/z.csv', 'xyz');
    expect(await names('g/?.csv', { min: 3 })).toEqual(['g/a.csv', 'g/b.csv', 'g/z.csv']);
    expect(await names('g/?.csv', { minBytes: 2 })).toEqual(['g/z.csv']);
  });

  test('takes no file that has just changed, and with a glob waits for the last of them', async () => {
    await landing.put('busy/1.csv', 'x');
    expect(await rig.look(waiting({ path: 'busy/1.csv', unchangedFor: '1 hour' }))).toBeUndefined();
    expect(await rig.look(waiting({ glob: 'busy/*', unchangedFor: '1 hour' }))).toBeUndefined();
    // In S3 times are whole seconds.
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(await rig.look(waiting({ path: 'busy/1.csv', unchangedFor: '100 ms' }))).toMatchObject({ path: 'busy/1.csv' });
    expect(await rig.look(waiting({ glob: 'busy/*', unchangedFor: '100 ms' }))).toHaveLength(1);
  });

  test.each(['../outside.csv', '/etc/passwd', 'a//b', 'a/./b', ''])('does not leave the root for the path %p', async (path) => {
    const look = async () => rig.look(waiting({ path: path === '' ? text`${''}` : path }));
    await expect(look()).rejects.toThrow("inside a connection's root");
  });

  test.each(['../*', '/etc/*', '{a,../..}/*', '{/etc,a}/passwd', '*/../../*', '{..,a}/*'])('nor for the glob %p', async (glob) => {
    await expect(rig.look(waiting({ glob }))).rejects.toThrow("inside a connection's root");
  });
});

describe('waiting for a file that is moved to its place', () => {
  test('counts from the move, though the file itself is old', async () => {
    const rig = await createRig();
    try {
      const inbox = join(rig.folder, 'inbox');
      await mkdir(inbox);
      await writeFile(join(rig.folder, 'old'), 'x');
      await utimes(join(rig.folder, 'old'), new Date('2001-01-01T00:00:00Z'), new Date('2001-01-01T00:00:00Z'));
      await rename(join(rig.folder, 'old'), join(inbox, 'old'));
      expect(await rig.look(waiting({ path: 'old', unchangedFor: '1 hour' }))).toBeUndefined();
      expect(await rig.look(waiting({ path: 'old' }))).toEqual({ path: 'old', bytes: 1, modifiedAt: new Date('2001-01-01T00:00:00Z') });
    } finally {
      await rig.close();
    }
  });
});

describe('the definition', () => {
  test('is a sensor with a condition, and declares its connection', () => {
    const task = waiting({ glob: '*.csv', every: '30s', timeout: '2 hours', softFail: true, unchangedFor: '2 minutes', min: 2 });
    expect(task.kind).toBe('task');
    expect(task.connections).toEqual(['inbox']);
    expect(task.flow).toEqual({
      sensor: { mode: 'reschedule', everyMs: 30_000, timeoutMs: 7_200_000, softFail: true, condition: 'files' },
    });
    expect(task.operation).toEqual({
      connector: 'files',
      connection: 'inbox',
      glob: '*.csv',
      min: 2,
      minBytes: 0,
      unchangedForMs: 120_000,
    });
    // One that keeps its slot is one long try.
    expect(waiting({ path: 'x', mode: 'poke', timeout: '3 hours' }).options.executionTimeoutMs).toBe(10_800_000);
  });

  test.each([
    ['neither path nor glob', {}, 'either "path" or "glob"'],
    ['both', { path: 'a', glob: 'b' }, 'either "path" or "glob"'],
    ['an empty path', { path: '' }, 'neither text nor a reference'],
    ['no number of files', { glob: '*', min: 0 }, 'min: must be a whole number of at least 1'],
    ['a negative size', { path: 'a', minBytes: -1 }, 'minBytes: must be a whole number'],
    ['a time without unit', { path: 'a', unchangedFor: 5 }, 'the unit of 5 is missing'],
    ['a mode that conditions have not', { path: 'a', mode: 'defered' }, 'is none of'],
  ])('with %s is refused', (_name, options, message) => {
    expect(() => waiting(options)).toThrow(message);
  });
});
