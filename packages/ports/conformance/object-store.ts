/** What every ObjectStore must do, wherever it keeps the objects. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import type { ObjectStore } from '@headrace/ports';

type TestFunctions = Pick<typeof import('@jest/globals'), 'describe' | 'test' | 'expect' | 'beforeAll' | 'afterAll'>;

export interface ObjectStoreHarness {
  /** An empty store. */
  empty(): Promise<ObjectStore>;
  close(): Promise<void>;
}

export interface ObjectStoreConformanceOptions {
  readonly name: string;
  readonly open: () => Promise<ObjectStoreHarness>;
  /** For opening: a server may have to be built. */
  readonly openMs?: number;
}

export function objectStoreConformance(jest: TestFunctions, { name, open, openMs = 30_000 }: ObjectStoreConformanceOptions): void {
  const { describe, test, expect, beforeAll, afterAll } = jest;

  describe(`${name} is an object store`, () => {
    let harness: ObjectStoreHarness;
    beforeAll(async () => {
      harness = await open();
    }, openMs);
    afterAll(() => harness?.close());

    const keysOf = async (store: ObjectStore, prefix: string): Promise<string[]> => {
      const keys: string[] = [];
      for await (const { key } of store.list(prefix)) keys.push(key);
      return keys;
    };

    test.each([
      'a',
      'logs/sales/run 1/task=x/1.log',
      'ünïcödé/日本',
      'quotes\'and"more',
      'percent%2Fnot-a-slash',
      'a+b&c=d?e#f',
      'trailing.dots..',
      'x'.repeat(255),
    ])('keeps an object under the key %j', async (key) => {
      const store = await harness.empty();
      await store.put(key, Buffer.from(`content of ${key}`));
      expect(await text(await store.get(key))).toBe(`content of ${key}`);
      expect(await keysOf(store, '')).toEqual([key]);
      expect((await store.head(key))?.size).toBe(Buffer.byteLength(`content of ${key}`));
      await store.delete(key);
      expect(await store.head(key)).toBeUndefined();
    });

    test('keeps every byte, and an empty object', async () => {
      const store = await harness.empty();
      const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
      await store.put('bytes', bytes);
      expect(await buffer(await store.get('bytes'))).toEqual(bytes);
      await store.put('empty', new Uint8Array(0));
      expect(await buffer(await store.get('empty'))).toHaveLength(0);
      expect((await store.head('empty'))?.size).toBe(0);
    });

    test('takes a stream of unknown length, larger than any buffer', async () => {
      const store = await harness.empty();
      const sent = createHash('sha256');
      const pieces = function* () {
        for (let piece = 0; piece < 200; piece++) {
          const chunk = Buffer.alloc(64 * 1024 + piece, piece);
          sent.update(chunk);
          yield chunk;
        }
      };
      await store.put('large', Readable.from(pieces()));
      const received = createHash('sha256');
      let size = 0;
      for await (const chunk of await store.get('large')) {
        received.update(chunk);
        size += chunk.length;
      }
      expect(received.digest('hex')).toBe(sent.digest('hex'));
      expect((await store.head('large'))?.size).toBe(size);
    });

    test('gives parts of an object', async () => {
      const store = await harness.empty();
      await store.put('digits', Buffer.from('0123456789'));
      const part = async (start: number, end?: number) => text(await store.get('digits', end === undefined ? { start } : { start, end }));
      expect(await part(0, 1)).toBe('0');
      expect(await part(3, 6)).toBe('345');
      expect(await part(8)).toBe('89');
      expect(await part(8, 100)).toBe('89');
      expect(await part(4, 4)).toBe('');
      expect(await part(10)).toBe('');
      expect(await part(50, 60)).toBe('');
      await expect(store.get('digits', { start: -1 })).rejects.toThrow(RangeError);
      await expect(store.get('digits', { start: 5, end: 4 })).rejects.toThrow(RangeError);
    });

    test('replaces an object whole: a reader sees the old one or the new', async () => {
      const store = await harness.empty();
      const size = 300_000;
      await store.put('object', Buffer.alloc(size, 'a'));
      let writing = true;
      const seen = new Set<string>();
      const read = async () => {
        while (writing) {
          const content = await buffer(await store.get('object'));
          seen.add([...new Set(content.toString('latin1'))].join('') + content.length);
        }
      };
      const readers = [read(), read()];
      for (const letter of 'bcdefgh') await store.put('object', Readable.from(slowly(Buffer.alloc(size, letter))));
      writing = false;
      await Promise.all(readers);
      expect([...seen].filter((one) => !/^[a-h]300000$/.test(one))).toEqual([]);
      expect(await text(await store.get('object', { start: 0, end: 3 }))).toBe('hhh');
    });

    test('a put that fails in the middle leaves the old object, and nothing where none was', async () => {
      const store = await harness.empty();
      await store.put('old', Buffer.from('old'));
      const breaking = () =>
        Readable.from(
          (function* () {
            yield Buffer.alloc(100_000, 'x');
            throw new Error('the source broke');
          })(),
        );
      await expect(store.put('old', breaking())).rejects.toThrow('the source broke');
      await expect(store.put('new', breaking())).rejects.toThrow('the source broke');
      expect(await text(await store.get('old'))).toBe('old');
      expect(await keysOf(store, '')).toEqual(['old']);
    });

    test('lists in the order of keys, by prefix, however many there are', async () => {
      const store = await harness.empty();
      const keys = ['a', 'a-b', 'b/c', 'b/d/e', 'b/d-e', 'b0', 'ä', ...Array.from({ length: 1_010 }, (_, index) => `many/${index}`)];
      for (let at = 0; at < keys.length; at += 50)
        await Promise.all(keys.slice(at, at + 50).map((key) => store.put(key, Buffer.from(key))));
      const ordered = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      expect(await keysOf(store, '')).toEqual(ordered);
      expect(await keysOf(store, 'b/')).toEqual(['b/c', 'b/d-e', 'b/d/e']);
      expect(await keysOf(store, 'b')).toEqual(['b/c', 'b/d-e', 'b/d/e', 'b0']);
      expect(await keysOf(store, 'b/d')).toEqual(['b/d-e', 'b/d/e']);
      expect(await keysOf(store, 'none')).toEqual([]);
      expect(await keysOf(store, 'many/')).toHaveLength(1_010);
      for await (const { key, size } of store.list('b/')) expect(size).toBe(key.length);
    }, 60_000);

    test('says what it does not hold', async () => {
      const store = await harness.empty();
      await store.put('folder/object', Buffer.from('x'));
      for (const key of ['none', 'none/at/all', 'folder', 'folder/object/below']) {
        await expect(store.get(key)).rejects.toMatchObject({ code: 'HR_OBJECT_NOT_FOUND', key });
        expect(await store.head(key)).toBeUndefined();
        await store.delete(key);
      }
      await expect(store.get('none', { start: 0, end: 0 })).rejects.toMatchObject({ code: 'HR_OBJECT_NOT_FOUND' });
      expect(await keysOf(store, '')).toEqual(['folder/object']);
    });

    test('knows when an object was written', async () => {
      const store = await harness.empty();
      const before = Date.now();
      await store.put('object', Buffer.from('x'));
      const { modifiedAt } = (await store.head('object')) ?? { modifiedAt: 0 };
      // Some stores keep whole seconds.
      expect(modifiedAt).toBeGreaterThan(before - 2_000);
      expect(modifiedAt).toBeLessThan(Date.now() + 2_000);
    });

    test.each([
      '',
      '/etc/passwd',
      '../outside',
      'a/../../outside',
      'a/..',
      './a',
      'a//b',
      'a/',
      'nul\u0000',
      'line\nbreak',
      'back\\slash',
      '\ud800',
      'x'.repeat(256),
      'x/'.repeat(600),
      '.incoming/x',
    ])('refuses the key %j', async (key) => {
      const store = await harness.empty();
      const refusal = { code: 'HR_OBJECT_KEY' };
      await expect(store.put(key, Buffer.from('x'))).rejects.toMatchObject(refusal);
      await expect(store.get(key)).rejects.toMatchObject(refusal);
      await expect(store.head(key)).rejects.toMatchObject(refusal);
      await expect(store.delete(key)).rejects.toMatchObject(refusal);
    });

    test('refuses a prefix that leaves the store', async () => {
      const store = await harness.empty();
      await expect(keysOf(store, '../')).rejects.toMatchObject({ code: 'HR_OBJECT_KEY' });
      await expect(keysOf(store, '/')).rejects.toMatchObject({ code: 'HR_OBJECT_KEY' });
    });
  });
}

async function* slowly(content: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < content.length; at += 50_000) {
    yield content.subarray(at, at + 50_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
