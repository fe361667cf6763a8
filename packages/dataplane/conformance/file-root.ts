/** What every FileRoot to which files can be written must do, wherever they are. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { FileNotFoundError, type FileRoot } from '@headrace/dataplane';

type TestFunctions = Pick<typeof import('@jest/globals'), 'describe' | 'test' | 'expect' | 'beforeAll' | 'afterAll'>;

export interface FileRootHarness {
  /** A root under which nothing is, not even the folder. */
  empty(): Promise<FileRoot>;
  /** Another connection to the root that was opened last. */
  again(): Promise<FileRoot>;
  close(): Promise<void>;
}

export interface FileRootConformanceOptions {
  readonly name: string;
  readonly open: () => Promise<FileRootHarness>;
  /** For opening: a server may have to be built. */
  readonly openMs?: number;
  /** How many writers create a file at the same time. Default 8; 1 for a server that only imitates the real one. */
  readonly creators?: number;
  /** Whether the root may refuse, by this error, to read a file that is being replaced: one that it knows to be torn. Default: never. */
  readonly mayRefuse?: (error: unknown) => boolean;
}

export function fileRootConformance(
  jest: TestFunctions,
  { name, open, openMs = 30_000, creators = 8, mayRefuse = () => false }: FileRootConformanceOptions,
): void {
  const { describe, test, expect, beforeAll, afterAll } = jest;

  describe(`${name} is a root of files`, () => {
    let harness: FileRootHarness;
    let scratch: string;
    const opened: FileRoot[] = [];
    beforeAll(async () => {
      scratch = await mkdtemp(join(tmpdir(), 'headrace-root-'));
      harness = await open();
    }, openMs);
    afterAll(async () => {
      for (const root of opened) await root.close();
      await harness?.close();
      await rm(scratch, { recursive: true, force: true });
    });

    const empty = async (): Promise<FileRoot> => {
      const root = await harness.empty();
      opened.push(root);
      return root;
    };
    const local = async (content: string | Buffer): Promise<string> => {
      const file = join(scratch, randomBytes(8).toString('hex'));
      await writeFile(file, content);
      return file;
    };
    const put = async (root: FileRoot, path: string, content: string | Buffer = path): Promise<void> =>
      root.publish(await local(content), path);
    const read = async (root: FileRoot, path: string): Promise<string> => text(await root.read(path));

    test.each([
      'a',
      'folder/sub/run 1/day=2017-06-19/part.csv',
      'ünïcödé/日本.csv',
      'quotes\'and"more',
      'percent%2Fnot-a-slash',
      'a+b&c=d?e#f',
      'x'.repeat(200),
    ])('keeps a file under the path %j', async (path) => {
      const root = await empty();
      await put(root, path, `content of ${path}`);
      expect(await read(root, path)).toBe(`content of ${path}`);
      expect(await root.size(path)).toBe(Buffer.byteLength(`content of ${path}`));
      expect(await root.list('')).toEqual([path]);
      await root.remove(path);
      expect(await root.size(path)).toBeUndefined();
    });

    test('keeps every byte of a file of several megabytes, and an empty file', async () => {
      const root = await empty();
      const bytes = randomBytes(3_000_001);
      await put(root, 'deep/bytes', bytes);
      expect((await buffer(await root.read('deep/bytes'))).equals(bytes)).toBe(true);
      await put(root, 'empty', '');
      expect(await read(root, 'empty')).toBe('');
      expect(await root.size('empty')).toBe(0);
    });

    test('tells the size and the time of a file', async () => {
      const root = await empty();
      const before = Date.now() - 2_000;
      await put(root, 'a/b', 'four');
      const facts = await root.facts('a/b');
      expect(facts).toMatchObject({ path: 'a/b', bytes: 4 });
      for (const time of [facts?.modifiedAt, facts?.changedAt]) {
        expect(time?.getTime()).toBeGreaterThanOrEqual(before);
        expect(time?.getTime()).toBeLessThanOrEqual(Date.now() + 2_000);
      }
    });

    test('knows what is not there, and that a folder is no file', async () => {
      const root = await empty();
      expect(await root.size('nothing')).toBeUndefined();
      expect(await root.facts('no/such')).toBeUndefined();
      expect(await root.list('')).toEqual([]);
      expect(await root.find('**/*')).toEqual([]);
      await expect(root.read('nothing')).rejects.toThrow(FileNotFoundError);
      await root.remove('nothing');
      await root.remove('no/such/file');
      await put(root, 'folder/file');
      expect(await root.facts('folder')).toBeUndefined();
      expect(await root.size('folder/file/below')).toBeUndefined();
    });

    test('lists what begins with a prefix, sorted, and nothing that is unfinished', async () => {
      const root = await empty();
      for (const path of ['raw/b', 'raw/a', 'raw/c/d', 'rawer', 'other/raw/x']) await put(root, path);
      expect(await root.list('raw/')).toEqual(['raw/a', 'raw/b', 'raw/c/d']);
      expect(await root.list('raw')).toEqual(['raw/a', 'raw/b', 'raw/c/d', 'rawer']);
      expect(await root.list('none/')).toEqual([]);
      expect(await root.list('')).toEqual(['other/raw/x', 'raw/a', 'raw/b', 'raw/c/d', 'rawer']);
    });

    test.each([
      ['*.csv', ['a.csv']],
      ['in/*.csv', ['in/b.csv', 'in/c.csv']],
      ['in/?.csv', ['in/b.csv', 'in/c.csv']],
      ['**/*.csv', ['a.csv', 'in/b.csv', 'in/c.csv', 'in/deep/d.csv']],
      ['in/**/d.*', ['in/deep/d.csv', 'in/deep/d.json']],
      ['in/[bx].csv', ['in/b.csv']],
      ['{in,out}/b.csv', ['in/b.csv']],
      ['in/b.csv', ['in/b.csv']],
      ['in', []],
    ])('finds files by the glob %j', async (glob, paths) => {
      const root = await empty();
      for (const path of ['a.csv', 'in/b.csv', 'in/c.csv', 'in/deep/d.csv', 'in/deep/d.json', 'in/.hidden.csv']) await put(root, path);
      const found = await root.find(glob);
      expect(found.map(({ path }) => path)).toEqual(paths);
      for (const { path, bytes } of found) expect(bytes).toBe(path.length);
    });

    test('publishes over what is there, and a reader sees the old file or the new one', async () => {
      const root = await empty();
      const writer = await harness.again();
      opened.push(writer);
      const versions = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(300_000));
      await put(root, 'report', versions[0]);
      let writing = true;
      const writes = (async () => {
        for (const version of versions.slice(1)) await put(writer, 'report', version);
        writing = false;
      })();
      const seen: string[] = [];
      const look = async (): Promise<void> => {
        try {
          seen.push(await read(root, 'report'));
        } catch (error) {
          if (!mayRefuse(error)) throw error;
        }
      };
      while (writing) await look();
      await writes;
      for (const content of seen) expect(versions.includes(content)).toBe(true);
      expect(await read(root, 'report')).toBe(versions.at(-1));
      expect(await root.list('')).toEqual(['report']);
    });

    test('creates a file for exactly one of many writers', async () => {
      const root = await empty();
      const other = await harness.again();
      opened.push(other);
      for (let round = 0; round < 4; round += 1) {
        const path = `manifests/${round}.json`;
        const won = await Promise.all(
          Array.from({ length: creators }, (_, index) => (index % 2 === 0 ? root : other).create(path, `writer ${index}`)),
        );
        expect(won.filter((each) => each)).toHaveLength(1);
        expect(await read(root, path)).toBe(`writer ${won.indexOf(true)}`);
        expect(await other.create(path, 'late')).toBe(false);
      }
      expect(await root.list('manifests/')).toHaveLength(4);
    });

    test.each(['', '/etc/passwd', '../outside', 'a/../../b', 'a//b', './a', 'a\\b', 'a\0b'])(
      'refuses the path %j, which could lead out',
      async (path) => {
        const root = await empty();
        await expect((async () => root.read(path))()).rejects.toThrow(TypeError);
        await expect((async () => root.facts(path))()).rejects.toThrow(TypeError);
        await expect((async () => root.create(path, 'x'))()).rejects.toThrow(TypeError);
        await expect((async () => put(root, path, 'x'))()).rejects.toThrow(TypeError);
        await expect((async () => root.remove(path))()).rejects.toThrow(TypeError);
      },
    );
  });
}
