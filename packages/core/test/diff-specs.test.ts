import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type DagSpec, diffSpecs, isSameSpec } from '../src/index.ts';
import { propertyRuns } from './support/property-runs.ts';
import { dagSpec, NO_RETRIES, taskSpec } from './support/specs.ts';

describe('the difference of two versions', () => {
  const before = dagSpec([taskSpec('extract'), taskSpec('load', ['extract'])], { tags: ['shop'] });

  test('tasks, edges and fields, one by one', () => {
    const after = dagSpec(
      [taskSpec('extract', [], { retries: { ...NO_RETRIES, max: 3 }, doc: 'Reads the tills' }), taskSpec('report', ['extract'])],
      { tags: ['shop', 'daily'], schedule: { kind: 'once' }, maxActiveRuns: 2 },
    );
    expect(diffSpecs(before, after)).toEqual({
      tasks: {
        added: ['report'],
        removed: ['load'],
        changed: [
          {
            taskId: 'extract',
            fields: [
              { path: 'doc', after: 'Reads the tills' },
              { path: 'retries.max', before: 0, after: 3 },
            ],
          },
        ],
      },
      edges: { added: [{ from: 'extract', to: 'report' }], removed: [{ from: 'extract', to: 'load' }] },
      schedule: [{ path: 'kind', before: 'manual', after: 'once' }],
      dag: [
        { path: 'maxActiveRuns', before: 1, after: 2 },
        { path: 'tags', before: ['shop'], after: ['shop', 'daily'] },
      ],
    });
  });

  test('where a task stands in its file is none, nor is the order of fields', () => {
    const moved = { ...before, tasks: before.tasks.map((task) => ({ ...task, source: { file: 'shop.ts', line: 9, column: 1 } })) };
    const turned = JSON.parse(JSON.stringify(before, undefined)) as DagSpec;
    const reversed = Object.fromEntries(Object.entries(turned).reverse()) as unknown as DagSpec;
    expect(isSameSpec(diffSpecs(before, moved))).toBe(true);
    expect(isSameSpec(diffSpecs(before, reversed))).toBe(true);
    expect(isSameSpec(diffSpecs(before, { ...before, tags: [] }))).toBe(false);
  });

  const ids = ['a', 'b', 'c', 'd'];
  const specs: fc.Arbitrary<DagSpec> = fc
    .record({
      tasks: fc.uniqueArray(fc.constantFrom(...ids), { maxLength: 4 }),
      edges: fc.array(fc.tuple(fc.nat(3), fc.nat(3)), { maxLength: 4 }),
      queue: fc.constantFrom('default', 'slow'),
      doc: fc.option(fc.constantFrom('x', 'y'), { nil: undefined }),
      tags: fc.array(fc.constantFrom('s', 't'), { maxLength: 2 }),
    })
    .map(({ tasks, edges, queue, doc, tags }) => {
      const sorted = tasks.toSorted();
      const upstream = (to: number): string[] =>
        [...new Set(edges.filter(([a, b]) => b === to && a < b).map(([a]) => sorted[a]))].filter((id) => id !== undefined);
      return dagSpec(
        sorted.map((id, index) => taskSpec(id, upstream(index), { queue, ...(doc === undefined ? {} : { doc }) })),
        { tags },
      );
    });

  test('it is empty exactly for equal specs, and turned round it is the other way', () => {
    fc.assert(
      fc.property(specs, specs, (a, b) => {
        expect(isSameSpec(diffSpecs(a, a))).toBe(true);
        expect(isSameSpec(diffSpecs(a, b))).toBe(JSON.stringify(a) === JSON.stringify(b));
        const [there, back] = [diffSpecs(a, b), diffSpecs(b, a)];
        expect(back.tasks.added).toEqual(there.tasks.removed);
        expect(back.edges.removed).toEqual(there.edges.added);
        const exchanged = there.tasks.changed.map(({ taskId, fields }) => ({
          taskId,
          fields: fields.map(({ path, ...change }) => ({
            path,
            ...('after' in change ? { before: change.after } : {}),
            ...('before' in change ? { after: change.before } : {}),
          })),
        }));
        expect(back.tasks.changed).toEqual(exchanged);
      }),
      { numRuns: propertyRuns(300) },
    );
  });
});
