/**
 * `npm run check:fuzz`: the whole API fuzzed until 100,000 requests have been sent; ends with their number and what was found.
 *
 *     npm run check:fuzz                       100,000 requests, by two processes
 *     npm run check:fuzz -- --requests 5000    fewer
 *     npm run check:fuzz -- --processes 4      where there are more cores
 */
import { parseArgs } from 'node:util';
import { type FuzzResult, fuzz } from './fuzz-run.ts';
import { seed } from './seed.ts';
import { startSystem } from './system.ts';

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    processes: { type: 'string', default: '2' },
    examples: { type: 'string', default: '120' },
  },
});
const wanted = Number(values.requests);
const system = await startSystem();
const findings: FuzzResult[] = [];
let sent = 0;
let nextSeed = Number(values.seed);
let running = 0;
/** The fewest that a process has sent. */
let each = 0;
try {
  await seed(system);
  await Promise.all(Array.from({ length: Number(values.processes) }, work));
} finally {
  await system.stop();
}
for (const { output } of findings) process.stderr.write(output);
process.stdout.write(`${sent} requests, ${findings.length === 0 ? '0 findings' : 'with findings: see above'}\n`);
process.exitCode = findings.length === 0 ? 0 : 1;

/** One process after the other, each with a seed of its own, until what was sent and what the others still send is enough. */
async function work(): Promise<void> {
  while (sent + running * each < wanted && findings.length === 0) {
    running++;
    const result = await fuzz(system, { examples: Number(values.examples), seed: nextSeed++, workers: 1 });
    running--;
    sent += result.requests;
    each = Math.min(each || result.requests, result.requests);
    if (!result.passed) findings.push(result);
    process.stderr.write(`${sent} requests\n`);
  }
}
