/**
 * How often a property is tried. `HEADRACE_PROPERTY_RUNS` multiplies it: 10 for a long night, 0.1 under mutation testing.
 */
export function propertyRuns(usual: number): number {
  const factor = Number(process.env.HEADRACE_PROPERTY_RUNS ?? '1');
  if (!(factor > 0)) throw new Error('HEADRACE_PROPERTY_RUNS must be a number above 0');
  return Math.max(1, Math.round(usual * factor));
}
