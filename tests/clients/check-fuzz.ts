/**
 * `npm run check:fuzz`: the whole API fuzzed until 100,000 requests have been sent; ends with their number and what was found.
 *
 *     npm run check:fuzz                       100,000 requests
 *     npm run check:fuzz -- --requests 5000    fewer
 */
import { parseArgs } from 'node:util';
import { fuzz } from './fuzz-run.ts';
import { seed } from './seed.ts';
import { startSystem } from './system.ts';

const { values } = parseArgs({ options: { requests: { type: 'string', default: '100000' }, seed: { type: 'string', default: '1' } } });
const wanted = Number(values.requests);
const system = await startSystem();
let sent = 0;
let round = Number(values.seed);
let passed = true;
try {
  await seed(system);
  while (sent < wanted && passed) {
    const result = await fuzz(system, { examples: 120, seed: round, workers: 6, onOutput: (text) => process.stderr.write(text) });
    sent += result.requests;
    passed = result.passed;
    round++;
    if (result.requests === 0) throw new Error(`schemathesis sent nothing:\n${result.output}`);
  }
} finally {
  await system.stop();
}
process.stdout.write(`${sent} requests, ${passed ? '0 findings' : 'with findings: see above'}\n`);
process.exitCode = passed ? 0 : 1;
