import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { dag, type RunValues, resolveReferences, task, text, variable } from '../src/index.ts';

const values = (kept: Readonly<Record<string, string>>): RunValues => ({
  params: {},
  interval: {} as never,
  run: { dagId: 'd', id: 'r', logicalDate: undefined },
  variable: (name) => {
    const found = kept[name];
    if (found === undefined) throw new Error(`not declared: ${name}`);
    return found;
  },
});

describe('a variable', () => {
  test('is the text that is kept, or what its schema makes of it', () => {
    const asked = {
      plain: variable('n'),
      number: variable('n', z.number()),
      words: variable('n', z.string()),
      in: text`<${variable('n')}>`,
    };
    expect(resolveReferences(asked, values({ n: '5' }))).toEqual({ plain: '5', number: 5, words: '5', in: '<5>' });
    const list = variable('l', z.array(z.object({ id: z.number() })));
    expect(resolveReferences(list, values({ l: '[{"id":1}]' }))).toEqual([{ id: 1 }]);
  });

  test('that does not fit its schema is an error that does not tell it', () => {
    const asked = () => resolveReferences(variable('limit', z.number()), values({ limit: 'much-too-secret' }));
    expect(asked).toThrow('The value of variable "limit" does not fit the schema');
    expect(asked).not.toThrow('much-too-secret');
  });

  test('is declared by the tasks that name it, wherever they do', () => {
    const made = dag('d', {}, () => {
      task('a', { in: { region: variable('region'), path: text`raw/${variable('folder')}` } }, () => 1);
      task('b', () => 2);
    });
    expect([...made.tasks.values()].map(({ connections }) => connections)).toEqual([['variable:folder', 'variable:region'], []]);
  });

  test('has a name, and a schema that is one', () => {
    expect(() => variable('')).toThrow(expect.objectContaining({ code: 'HR_BAD_REFERENCE' }));
    expect(() => variable('x', {} as never)).toThrow(expect.objectContaining({ code: 'HR_BAD_REFERENCE' }));
  });
});
