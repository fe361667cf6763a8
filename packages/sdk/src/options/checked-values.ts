import { DagDefinitionError, shown } from '../definition-error.ts';

/** Throws HR_BAD_OPTION unless `value` is a whole number of at least `least` that fits into 32 bits. */
export function wholeNumber(what: string, value: unknown, least: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > 2_147_483_647) {
    throw new DagDefinitionError('HR_BAD_OPTION', `${what}: ${shown(value)} is not a whole number of at least ${least}`);
  }
  return value;
}

/** Throws HR_BAD_OPTION unless `value` is one of `choices`. */
export function oneOf<const Choice extends string>(what: string, value: unknown, choices: readonly Choice[]): Choice {
  const found = choices.find((choice) => choice === value);
  if (found === undefined)
    throw new DagDefinitionError(
      'HR_BAD_OPTION',
      `${what}: ${shown(value)} is none of ${choices.map((choice) => `'${choice}'`).join(', ')}`,
    );
  return found;
}
