import { createMemoryStore } from '@headrace/testing';
import { describe, expect, test } from '@jest/globals';
import { createKeyring, createVariableBook } from '../src/index.ts';

const store = () => createMemoryStore({ now: () => 0 }).variables;

describe('variables', () => {
  test('are stored encrypted, and shown unless their name says that they are secret', async () => {
    const variables = store();
    const book = createVariableBook(variables, createKeyring({ current: 'a-key' }));
    await book.create({ name: 'region', value: 'north "Ä"\n' });
    await book.create({ name: 'crm_api_key', value: 's3cret', description: 'of the CRM' });
    for (const { value } of (await variables.variables({}, { limit: 9, offset: 0 })).items)
      expect(Buffer.from(value.bytes).toString('latin1')).not.toMatch(/north|s3cret/);
    expect((await book.list({}, { limit: 9, offset: 0, orderBy: ['key'] })).items).toEqual([
      { name: 'crm_api_key', value: '***', description: 'of the CRM' },
      { name: 'region', value: 'north "Ä"\n' },
    ]);
    expect(await book.value('crm_api_key')).toBe('s3cret');
    expect(await book.value('nothing')).toBeUndefined();
  });

  test('keep a secret that is sent back as it was shown', async () => {
    const book = createVariableBook(store(), createKeyring({ current: 'a-key' }));
    await book.create({ name: 'token', value: 's3cret' });
    expect(await book.change('token', { value: '***', description: 'new' })).toEqual({ name: 'token', value: '***', description: 'new' });
    expect(await book.value('token')).toBe('s3cret');
    await book.create({ name: 'stars', value: '***' });
    await book.change('stars', { value: '****', description: null });
    expect(await book.get('stars')).toEqual({ name: 'stars', value: '****' });
  });

  test('are encrypted anew under the current key', async () => {
    const variables = store();
    await createVariableBook(variables, createKeyring({ current: 'old' })).create({ name: 'one', value: '1' });
    const both = createVariableBook(variables, createKeyring({ current: 'new', previous: ['old'] }));
    await both.create({ name: 'two', value: '2' });
    expect(await both.rotate()).toEqual({ rotated: 1, unchanged: 1 });
    expect(await createVariableBook(variables, createKeyring({ current: 'new' })).value('one')).toBe('1');
  });

  test('cannot be read without their key, nor in the place of another', async () => {
    const variables = store();
    const book = createVariableBook(variables, createKeyring({ current: 'a-key' }));
    await book.create({ name: 'one', value: '1' });
    await book.create({ name: 'two', value: '2' });
    const one = await variables.variable('one');
    if (one === undefined) throw new Error('it was just made');
    await variables.replace({ ...one, name: 'two' });
    await expect(book.value('two')).rejects.toMatchObject({ code: 'HR_SECRET_UNREADABLE' });
    const stranger = createVariableBook(variables, createKeyring({ current: 'another' }));
    await expect(stranger.value('one')).rejects.toMatchObject({ code: 'HR_SECRET_UNREADABLE' });
    expect(await stranger.get('one')).toEqual({ name: 'one', value: '***' });
    const keyless = createVariableBook(variables, createKeyring({}));
    await expect(keyless.create({ name: 'three', value: '3' })).rejects.toMatchObject({ code: 'HR_SECRET_KEY_MISSING' });
  });
});
