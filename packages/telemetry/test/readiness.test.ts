import { expect, test } from '@jest/globals';
import { createReadiness } from '../src/index.ts';

test('a process is ready when all that it needs answers', async () => {
  const readiness = createReadiness({ checks: { database: async () => 1, queue: async () => new Map() } });
  expect(await readiness()).toEqual({ ready: true, checks: { database: 'ok', queue: 'ok' } });
});

test('what fails, or does not answer in time, is named in a word, without an address, and told once', async () => {
  const told: string[] = [];
  let queueIsAway = true;
  const readiness = createReadiness({
    checks: {
      database: () => Promise.reject(Object.assign(new Error('connect ECONNREFUSED postgres://me:secret@db'), { code: 'ECONNREFUSED' })),
      queue: () => (queueIsAway ? new Promise(() => {}) : Promise.resolve()),
      other: () => Promise.reject(new TypeError('secret')),
    },
    within: 20,
    keepMs: 0,
    onChange: (name, error) => told.push(`${name} ${error === undefined ? 'back' : 'gone'}`),
  });
  expect(await readiness()).toEqual({
    ready: false,
    checks: { database: 'ECONNREFUSED', queue: 'no answer in time', other: 'TypeError' },
  });
  queueIsAway = false;
  expect((await readiness()).checks.queue).toBe('ok');
  expect(told).toEqual(['database gone', 'other gone', 'queue gone', 'queue back']);
});

test('many probes at once ask once', async () => {
  let asked = 0;
  const readiness = createReadiness({ checks: { database: async () => void asked++ }, keepMs: 60_000 });
  await Promise.all([readiness(), readiness(), readiness()]);
  await readiness();
  expect(asked).toBe(1);
});
