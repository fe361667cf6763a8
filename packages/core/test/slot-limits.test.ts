import { describe, expect, test } from '@jest/globals';
import { filledLimits, slotLimits, type TaskLimits } from '../src/index.ts';

const TASK = { dagId: 'shop', taskId: 'load', runKey: '17' };

describe('limits of a task', () => {
  test('become keys that say whose they are, each once with the smallest limit', () => {
    const limits: TaskLimits = {
      maxActive: 4,
      maxActivePerRun: 2,
      concurrency: [
        { key: 'crm', limit: 3 },
        { key: 'api', limit: 9 },
        { key: 'crm', limit: 5 },
      ],
    };
    expect(slotLimits(limits, TASK)).toEqual([
      { key: 'key:api', limit: 9 },
      { key: 'key:crm', limit: 3 },
      { key: 'run:17/load', limit: 2 },
      { key: 'task:shop/load', limit: 4 },
    ]);
    expect(slotLimits(undefined, TASK)).toEqual([]);
    expect(slotLimits({}, TASK)).toEqual([]);
  });

  test('have the params of the run filled into their keys', () => {
    const limits: TaskLimits = {
      maxActive: 1,
      concurrency: [{ key: 'crm/{params.shop}/{params.region.code}', limit: 1 }],
      rate: [{ key: '{params.many}{params.none}', tokens: 1, perMs: 2, burst: 3 }],
    };
    expect(filledLimits(limits, { shop: 'nord {params.x}', region: { code: 7 }, many: [1, 'a'] })).toEqual({
      maxActive: 1,
      concurrency: [{ key: 'crm/nord {params.x}/7', limit: 1 }],
      rate: [{ key: '[1,"a"]', tokens: 1, perMs: 2, burst: 3 }],
    });
    expect(filledLimits({ concurrency: [{ key: '{params.toString}{params.a.b}', limit: 1 }] }, { a: 'text' }).concurrency).toEqual([
      { key: '', limit: 1 },
    ]);
  });

  test('that name no params are left as they are', () => {
    const limits: TaskLimits = { concurrency: [{ key: 'crm', limit: 1 }], rate: [{ key: 'crm', tokens: 1, perMs: 1, burst: 1 }] };
    expect(filledLimits(limits, { crm: 1 })).toBe(limits);
    const one: TaskLimits = { rate: [{ key: '{params.a}', tokens: 1, perMs: 1, burst: 1 }] };
    expect(filledLimits(one, { a: 'x' })).toEqual({ rate: [{ key: 'x', tokens: 1, perMs: 1, burst: 1 }] });
  });
});
