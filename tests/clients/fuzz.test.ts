/** schemathesis against a running Headrace: no server error, no answer that the document does not describe. `npm run check:fuzz` is the long form. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { fuzz } from './fuzz-run.ts';
import { seed } from './seed.ts';
import { type ClientSystem, startSystem } from './system.ts';

let system: ClientSystem;
beforeAll(async () => {
  system = await startSystem();
  await seed(system);
}, 120_000);
afterAll(() => system?.stop(), 60_000);

test('a fuzzer finds no server error and nothing that the document does not say', async () => {
  const { requests, operations, passed, output } = await fuzz(system, {
    examples: 3,
    seed: 1,
    workers: 2,
    phases: ['examples', 'fuzzing'],
  });
  if (!passed) throw new Error(output.slice(-20_000));
  expect(operations).toBeGreaterThan(90);
  expect(requests).toBeGreaterThan(200);
}, 180_000);
