import { describe, expect, test } from '@jest/globals';
import { isTerminal, TERMINAL_STATUSES } from '../src/states.ts';

describe('states', () => {
  test('exactly the listed statuses are terminal', () => {
    expect(TERMINAL_STATUSES.every((status) => isTerminal(status))).toBe(true);
    expect(isTerminal('running')).toBe(false);
  });
});
