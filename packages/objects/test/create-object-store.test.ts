import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { freePort } from '../../../tests/support/free-port.ts';
import { createObjectStore, InvalidObjectKeyError, ObjectStoreError, ObjectStoreUrlError } from '../src/index.ts';

describe('the URL of an object store', () => {
  test.each([
    ['objects', /not a URL/],
    ['ftp://host/x', /ftp:/],
    ['file://host/x', /three slashes/],
    ['s3:///prefix', /no bucket/],
    ['s3://bucket?regoin=x', /regoin/],
    ['s3://bucket?pathStyle=yes', /pathStyle/],
    ['s3://bucket?endpoint=localhost:9000', /endpoint/],
    ['s3://bucket?accessKeyId=x', /belong together/],
  ])('%s is refused, with the reason', (url, reason) => {
    expect(() => createObjectStore(url)).toThrow(ObjectStoreUrlError);
    expect(() => createObjectStore(url)).toThrow(reason);
  });

  test('does not give away its secret when the server is away', async () => {
    const url = `s3://bucket?endpoint=http://127.0.0.1:${await freePort()}&pathStyle=true&accessKeyId=key&secretAccessKey=very-secret`;
    const store = createObjectStore(url);
    const error = await store.put('a', Buffer.from('x')).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ObjectStoreError);
    expect(String(error)).not.toContain('very-secret');
    await expect(store.head('a')).rejects.toBeInstanceOf(ObjectStoreError);
  });
});

describe('a folder as object store', () => {
  test('leaves no drafts and no empty folders behind', async () => {
    const root = await mkdtemp(join(tmpdir(), 'headrace-objects-'));
    const store = createObjectStore(pathToFileURL(root).href);
    await store.put('a/b/c', Buffer.from('x'));
    await store.put('a/d', Buffer.from('x'));
    await store.delete('a/b/c');
    expect(await readdir(join(root, 'a'))).toEqual(['d']);
    await store.delete('a/d');
    expect(await readdir(root)).toEqual(['.incoming']);
    expect(await readdir(join(root, '.incoming'))).toEqual([]);
    await rm(root, { recursive: true });
  });

  test('many may write and delete next to each other', async () => {
    const root = await mkdtemp(join(tmpdir(), 'headrace-objects-'));
    const store = createObjectStore(pathToFileURL(root).href);
    const churn = async (name: string) => {
      for (let round = 0; round < 30; round++) {
        await store.put(`shared/deep/${name}`, Buffer.from(name));
        await store.delete(`shared/deep/${name}`);
      }
    };
    await Promise.all(['a', 'b', 'c', 'd'].map(churn));
    expect(await readdir(root)).toEqual(['.incoming']);
    await rm(root, { recursive: true });
  });

  test('says so when a key would be a file and a folder', async () => {
    const root = await mkdtemp(join(tmpdir(), 'headrace-objects-'));
    const store = createObjectStore(pathToFileURL(root).href);
    await store.put('a', Buffer.from('x'));
    await expect(store.put('a/b', Buffer.from('x'))).rejects.toBeInstanceOf(InvalidObjectKeyError);
    await store.put('c/d', Buffer.from('x'));
    await expect(store.put('c', Buffer.from('x'))).rejects.toBeInstanceOf(InvalidObjectKeyError);
    await rm(root, { recursive: true });
  });
});
