import { createMemoryStore } from '@headrace/testing';
import { describe, expect, test } from '@jest/globals';
import { createConnectionBook, createConnectionSource, createKeyring } from '../src/index.ts';

const KEY = 'the-first-key-of-this-test';
const NEXT = 'the-second-key-of-this-test';
const keyring = createKeyring({ current: KEY });

function world(ring = keyring) {
  const { connections: store } = createMemoryStore({ now: () => 0 });
  return { store, book: createConnectionBook(store, ring), bookWith: (other: typeof keyring) => createConnectionBook(store, other) };
}

const tills = {
  connId: 'tills',
  connType: 'postgres',
  description: 'The tills',
  host: 'tills',
  port: 5432,
  login: 'reader',
  password: 'correct horse',
  schema: 'pos',
  extra: { sslmode: 'require', sslpassword: 'battery' },
};

describe('a keyring', () => {
  test('opens what it sealed, and seals the same text differently each time', () => {
    const [a, b] = [keyring.seal('x', 'läuft'), keyring.seal('x', 'läuft')];
    expect(keyring.open('x', a)).toBe('läuft');
    expect(Buffer.compare(a.bytes, b.bytes)).not.toBe(0);
    expect(a.keyId).toBe(keyring.currentId);
    expect(a.keyId).toMatch(/^[0-9a-f]{16}$/);
  });

  test('refuses a secret in the place of another one, and one of which a bit was changed', () => {
    const sealed = keyring.seal('x', 'secret');
    expect(() => keyring.open('y', sealed)).toThrow(expect.objectContaining({ code: 'HR_SECRET_UNREADABLE' }));
    for (let index = 0; index < sealed.bytes.length; index++) {
      const bytes = sealed.bytes.slice();
      bytes[index] = (bytes[index] ?? 0) ^ 1;
      expect(() => keyring.open('x', { ...sealed, bytes })).toThrow(/changed in the database/);
    }
    expect(() => keyring.open('x', { ...sealed, bytes: sealed.bytes.slice(0, 20) })).toThrow(/changed in the database/);
  });

  test('says which key is missing', () => {
    const sealed = keyring.seal('x', 'secret');
    expect(() => createKeyring({ current: NEXT }).open('x', sealed)).toThrow(/HEADRACE_SECRET_KEY_PREVIOUS/);
    expect(() => createKeyring({}).open('x', sealed)).toThrow(expect.objectContaining({ code: 'HR_SECRET_KEY_MISSING' }));
    expect(() => createKeyring({}).seal('x', 's')).toThrow(/HEADRACE_SECRET_KEY is not set/);
    expect(createKeyring({ current: NEXT, previous: [KEY] }).open('x', sealed)).toBe('secret');
  });
});

describe('the book of connections', () => {
  test('shows nothing secret, stores nothing secret in the clear, and makes the URL', async () => {
    const { store, book } = world();
    const view = await book.create(tills);
    expect(view).toEqual({
      connId: 'tills',
      connType: 'postgres',
      description: 'The tills',
      host: 'tills',
      port: 5432,
      login: 'reader',
      schema: 'pos',
      extra: { sslmode: 'require' },
      hasPassword: true,
      secretExtra: ['sslpassword'],
    });
    expect(await book.get('tills')).toEqual(view);
    expect((await book.list({}, { limit: 10, offset: 0 })).items).toEqual([view]);
    const stored = await store.connection('tills');
    const text = `${JSON.stringify(stored)}${Buffer.from(stored?.secret?.bytes ?? []).toString('latin1')}`;
    expect(text).not.toMatch(/horse|battery/);
    expect(await book.url('tills')).toBe('postgres://reader:correct%20horse@tills:5432/pos?sslmode=require&sslpassword=battery');
    expect(await book.url('none')).toBeUndefined();
  });

  test('changes what is said and keeps the rest, the secrets too', async () => {
    const { book } = world();
    await book.create(tills);
    await book.change('tills', { host: 'other', description: null, port: null, extra: { sslpassword: '***', application_name: 'x' } });
    expect(await book.url('tills')).toBe('postgres://reader:correct%20horse@other/pos?application_name=x&sslpassword=battery');
    expect(await book.get('tills')).not.toHaveProperty('description');
    await book.change('tills', { password: '***' });
    expect(await book.url('tills')).toContain('correct');
    await book.change('tills', { password: null, extra: null });
    expect(await book.url('tills')).toBe('postgres://reader@other/pos');
    expect(await book.get('tills')).toMatchObject({ hasPassword: false, secretExtra: [] });
    await expect(book.change('none', {})).rejects.toMatchObject({ code: 'HR_CONNECTION_NOT_FOUND' });
  });

  test('takes all of one from a URL, in the place of the one that was there', async () => {
    const { book } = world();
    expect(await book.put('mail', 'smtps://me:sec%2Fret@mail:465?from=a@b')).toMatchObject({
      connType: 'smtp',
      protocol: 'smtps',
      hasPassword: true,
    });
    expect(await book.url('mail')).toBe('smtps://me:sec%2Fret@mail:465?from=a%40b');
    await book.put('mail', 'smtp://other', 'The mail');
    expect(await book.url('mail')).toBe('smtp://other');
    expect(await book.get('mail')).toEqual({
      connId: 'mail',
      connType: 'smtp',
      description: 'The mail',
      host: 'other',
      extra: {},
      hasPassword: false,
      secretExtra: [],
    });
    await expect(book.put('mail', 'nonsense')).rejects.toMatchObject({ code: 'HR_INVALID_CONNECTION' });
  });

  test('refuses what makes no connection', async () => {
    const { book } = world();
    await expect(book.create({ ...tills, connId: 'a b' })).rejects.toMatchObject({ code: 'HR_INVALID_CONNECTION' });
    await expect(book.create({ ...tills, connType: 'x' })).rejects.toMatchObject({ code: 'HR_INVALID_CONNECTION' });
    await book.create(tills);
    await expect(book.create(tills)).rejects.toMatchObject({ code: 'HR_CONNECTION_EXISTS' });
    await expect(book.change('tills', { host: null })).rejects.toMatchObject({ code: 'HR_INVALID_CONNECTION' });
  });

  test('without a key keeps what is not secret, and nothing else', async () => {
    const { book, bookWith } = world(createKeyring({}));
    const { password: _, extra: __, ...plain } = tills;
    await book.create(plain);
    expect(await book.url('tills')).toBe('postgres://reader@tills:5432/pos');
    await expect(book.change('tills', { password: 'x' })).rejects.toMatchObject({ code: 'HR_SECRET_KEY_MISSING' });
    await bookWith(keyring).change('tills', { password: 'x' });
    expect(await book.get('tills')).toMatchObject({ hasPassword: true });
    await book.change('tills', { description: 'Nothing secret' });
    await expect(book.url('tills')).rejects.toMatchObject({ code: 'HR_SECRET_KEY_MISSING' });
  });

  test('encrypts everything anew under another key', async () => {
    const { book, bookWith } = world();
    await book.create(tills);
    await book.create({ connId: 'lake', connType: 'file', schema: '/lake' });
    const both = bookWith(createKeyring({ current: NEXT, previous: [KEY] }));
    expect(await both.rotate()).toEqual({ rotated: 1, unchanged: 1 });
    expect(await both.rotate()).toEqual({ rotated: 0, unchanged: 2 });
    expect(await bookWith(createKeyring({ current: NEXT })).url('tills')).toContain('correct%20horse');
    await expect(book.url('tills')).rejects.toMatchObject({ code: 'HR_SECRET_UNREADABLE' });
  });

  test('makes the URL of one that is not stored, with the secrets of the one that is', async () => {
    const { book } = world();
    await book.create(tills);
    const { description: _, ...given } = tills;
    expect(await book.urlOf({ ...given, host: 'new', password: '***', extra: { sslpassword: '***' } })).toBe(
      'postgres://reader:correct%20horse@new:5432/pos?sslpassword=battery',
    );
    const { password: __, extra: ___, ...bare } = given;
    expect(await book.urlOf(bare)).toBe('postgres://reader@tills:5432/pos');
  });
});

describe('the source of connections of a worker', () => {
  test('asks the configuration first, keeps what it was told for seconds, and what is missing not at all', async () => {
    const asked: string[] = [];
    let now = 0;
    const urls = new Map([['stored', 'file:///a']]);
    const source = createConnectionSource({
      configured: { own: 'file:///own' },
      book: {
        url: async (id) => {
          asked.push(id);
          if (id === 'broken') throw new Error('away');
          return urls.get(id);
        },
      },
      now: () => now,
    });
    expect(source('own')).toBe('file:///own');
    expect(await Promise.all([source('stored'), source('stored')])).toEqual(['file:///a', 'file:///a']);
    expect(await source('missing')).toBeUndefined();
    expect(await source('missing')).toBeUndefined();
    await expect(source('broken')).rejects.toThrow('away');
    await expect(source('broken')).rejects.toThrow('away');
    expect(asked).toEqual(['stored', 'missing', 'missing', 'broken', 'broken']);
    now = 5_000;
    urls.set('stored', 'file:///b');
    expect(await source('stored')).toBe('file:///b');
  });
});
