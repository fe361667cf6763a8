import { describe, expect, test } from '@jest/globals';
import { createPasswords, passwordProblem } from '../src/index.ts';

const CHEAP = { ln: 4, r: 1, p: 1 };
const RIGHT = 'correct horse battery';

describe('passwords', () => {
  const passwords = createPasswords(CHEAP);

  test('are hashed each with a salt of its own, and found again', async () => {
    const [one, two] = await Promise.all([passwords.hash(RIGHT), passwords.hash(RIGHT)]);
    expect(one).toMatch(/^\$scrypt\$ln=4,r=1,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(one).not.toBe(two);
    expect([await passwords.verify(RIGHT, one), await passwords.verify(`${RIGHT} `, one), await passwords.verify('', one)]).toEqual([
      true,
      false,
      false,
    ]);
  });

  test('are the same however their letters were put together', async () => {
    const composed = await passwords.hash('caf\u00e9 caf\u00e9 caf\u00e9');
    expect(await passwords.verify('cafe\u0301 cafe\u0301 cafe\u0301', composed)).toBe(true);
  });

  test('of nobody fit nothing, and neither does what is no hash', async () => {
    expect(await passwords.verify(RIGHT, undefined)).toBe(false);
    for (const broken of ['', 'x', '$scrypt$ln=4,r=1,p=1$$', '$argon2id$v=19$m=1,t=1,p=1$aa$bb'])
      expect(await passwords.verify(RIGHT, broken)).toBe(false);
  });

  test('made with other parameters are still found, and known as outdated', async () => {
    const stored = await passwords.hash(RIGHT);
    const dearer = createPasswords({ ...CHEAP, ln: 5 });
    expect(await dearer.verify(RIGHT, stored)).toBe(true);
    expect([dearer.isOutdated(stored), passwords.isOutdated(stored), passwords.isOutdated('x')]).toEqual([true, false, true]);
  });

  test('are worked on all, however many come at once', async () => {
    const stored = await passwords.hash(RIGHT);
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => passwords.verify(n % 2 === 0 ? RIGHT : 'wrong', stored)));
    expect(answers.filter(Boolean)).toHaveLength(10);
  });

  test.each([
    ['short', 'ada', /12 characters/],
    ['x'.repeat(201), 'ada', /200 characters/],
    ['aaaaaaaaaaaaaa', 'ada', /uniform/],
    ['my name is Lovelace', 'lovelace', /name/],
    [RIGHT, 'ada', undefined],
  ])('new ones are looked at: %s', (password, name, problem) => {
    if (problem === undefined) expect(passwordProblem(password, name)).toBeUndefined();
    else expect(passwordProblem(password, name)).toMatch(problem);
  });
});
