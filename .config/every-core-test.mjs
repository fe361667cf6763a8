/**
 * All tests of the core as one file, for mutation testing only: loading thirteen files for each of some thousand mutants takes
 * longer than running them.
 */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const tests = new URL('../packages/core/test/', import.meta.url);

for (const file of readdirSync(tests).sort()) {
  if (file.endsWith('.test.ts')) await import(fileURLToPath(new URL(file, tests)));
}
