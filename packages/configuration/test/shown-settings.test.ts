import { expect, test } from '@jest/globals';
import { loadConfiguration, shownSettings } from '../src/index.ts';

test('the settings in force are shown without what is secret', async () => {
  const env = { DATABASE_URL: 'postgres://me:s3cret@db/headrace', HEADRACE_PORT: '9001', HEADRACE_SECRET_KEY: 'k'.repeat(44) };
  const [section] = shownSettings(await loadConfiguration({ env }));
  const shown = Object.fromEntries((section?.options ?? []).map(({ key, value }) => [key, value]));
  expect(shown).toMatchObject({ DATABASE_URL: '***', HEADRACE_PORT: '9001' });
  expect(JSON.stringify(shown)).not.toMatch(/s3cret|kkk/);
});
