/** A worker that is killed in the middle: runs an endless task and prints the pid of its process. Started by worker-death.test.ts. */
import { PoolFixture } from './pool-fixture.ts';

const fixture = await PoolFixture.start();
const file = process.argv[2] ?? '';
await fixture.run(
  `task('t', async () => { (await import('node:fs')).writeFileSync(${JSON.stringify(file)}, String(process.pid)); ${process.argv[3] ?? ''} });`,
);
