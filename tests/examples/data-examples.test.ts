/** Examples that move data do what their comments promise: their tasks are executed, over the shop's files and a lake of the test's own. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { LakeResult } from '@headrace/sdk';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import cleanRows from '../../dags/examples/clean_rows.ts';
import { createRig, type Rig } from '../../packages/connectors/test/support/rig.ts';

describe('clean_rows.ts', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await createRig();
  }, 60_000);
  afterAll(() => rig.close());

  test('keeps aside what is wrong, accounts for every row, and loads a file once', async () => {
    const first = await rig.runDag(cleanRows, { runId: 'first' });
    const { counts, quarantine } = first.load_promotions as LakeResult;
    expect(counts.in).toBe(5792);
    expect(counts.quarantined).toBeGreaterThan(0);
    expect(counts.in).toBe(counts.out + counts.quarantined);
    expect(quarantine).toMatch(/^_quarantine\/.+\/load_promotions$/);
    expect(first.promoted_products).toMatchObject({ rows: 100 });
    for (const file of ['promoted_products.xlsx', 'promoted_products.ndjson.gz'])
      expect(existsSync(join(rig.folder, 'reports', file))).toBe(true);

    const again = await rig.runDag(cleanRows, { runId: 'second', interval: nextDay() });
    expect((again.load_promotions as LakeResult).counts).toEqual({ in: 0, out: 0, deduplicated: 0, quarantined: 0 });
  });
});

function nextDay() {
  return { start: new Date('2017-06-20T04:00:00Z'), end: new Date('2017-06-21T04:00:00Z'), day: '2017-06-20', hour: '2017-06-20T00' };
}
