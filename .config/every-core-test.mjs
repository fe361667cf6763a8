/**
 * All tests of the core as one file, for mutation testing only: loading thirteen files for each of some thousand mutants takes
 * longer than running them.
 */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const tests = new URL('../packages/core/test/', import.meta.url);
const files = readdirSync(tests).filter((file) => file.endsWith('.test.ts'));

// What says a table outright kills a mutant sooner than what finds out by trying: those come first, these last.
const first = ['transitions.test.ts', 'trigger-rule.test.ts', 'cron.test.ts', 'step.test.ts'];
const last = ['all-small-runs.test.ts', 'run-properties.test.ts', 'due-runs.test.ts', 'cron-fire.test.ts'];
const between = files.filter((file) => !first.includes(file) && !last.includes(file)).sort();

for (const file of [...first, ...between, ...last]) await import(fileURLToPath(new URL(file, tests)));
