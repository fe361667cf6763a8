import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { assertSendable, decodeJob, InvalidMessageError, jobId } from '../src/message.ts';
import { bullPriority } from '../src/priority.ts';
import { bullQueueName, InvalidQueueNameError } from '../src/queue-name.ts';

describe('a message as a job', () => {
  test('comes back as it was', () => {
    const message = { taskInstanceId: '9223372036854775807', attemptId: randomUUID(), sequence: 12 };
    expect(decodeJob(jobId(message), message.taskInstanceId)).toEqual(message);
  });

  test('has an id that BullMQ takes: no colon, not a number', () => {
    const id = jobId({ taskInstanceId: '1', attemptId: '00000000-0000-0000-0000-000000000000', sequence: 1 });
    expect(id).not.toContain(':');
    expect(Number(id)).toBeNaN();
  });

  test.each([
    ['no id', undefined, '1'],
    ['an id without a sequence', '6f9619ff-8b86-4d01-b42d-00cf4fc964ff', '1'],
    ['a sequence of 0', '6f9619ff-8b86-4d01-b42d-00cf4fc964ff-0', '1'],
    ['a padded sequence', '6f9619ff-8b86-4d01-b42d-00cf4fc964ff-01', '1'],
    ['an upper-case id', '6F9619FF-8B86-4D01-B42D-00CF4FC964FF-1', '1'],
    ['a second line', '6f9619ff-8b86-4d01-b42d-00cf4fc964ff-1\n', '1'],
    ['a number for data', '6f9619ff-8b86-4d01-b42d-00cf4fc964ff-1', 1],
    ['an object for data', '6f9619ff-8b86-4d01-b42d-00cf4fc964ff-1', { taskInstanceId: '1' }],
    ['a negative instance', '6f9619ff-8b86-4d01-b42d-00cf4fc964ff-1', '-1'],
    ['an instance that is too large', '6f9619ff-8b86-4d01-b42d-00cf4fc964ff-1', '12345678901234567890'],
  ])('is refused with %s', (_, id, data) => {
    expect(decodeJob(id, data)).toBeUndefined();
  });

  test('is not sent when it would be refused', () => {
    expect(() => assertSendable({ taskInstanceId: 'x', attemptId: randomUUID(), sequence: 1 })).toThrow(InvalidMessageError);
  });
});

describe('a priority', () => {
  test('keeps its order, and stays within what BullMQ takes and behind its 0', () => {
    const ours = [Number.MAX_SAFE_INTEGER, 1_048_575, 1000, 1, 0, -1, -1000, -1_048_575, Number.MIN_SAFE_INTEGER];
    const theirs = ours.map(bullPriority);
    expect(theirs).toEqual([...theirs].sort((a, b) => a - b));
    expect(new Set(theirs.slice(1, -1)).size).toBe(7);
    expect(Math.min(...theirs)).toBe(1);
    expect(Math.max(...theirs)).toBe(2_097_151);
  });
});

describe('the name of a queue', () => {
  test('is safe and one to one', () => {
    const names = ['a:b', 'a%3Ab', 'a b', 'a/b', '{a}', 'ä'];
    const safe = names.map(bullQueueName);
    expect(new Set(safe).size).toBe(names.length);
    expect(safe.join('')).not.toMatch(/[:{} ]/);
  });

  test.each(['', 'x'.repeat(201), '\ud800'])('is refused when it cannot be one: %j', (name) => {
    expect(() => bullQueueName(name)).toThrow(InvalidQueueNameError);
  });
});
