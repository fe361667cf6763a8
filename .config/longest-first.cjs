// The order of the test files: those that take longest first, so that at the end no worker waits for another's long file. Jest knows how long
// a file took only where it has run before; a machine of CI has not. The rest goes by size, as Jest itself does it then.
const { statSync } = require('node:fs');
const { join } = require('node:path');

const ROOT = join(__dirname, '..');

/** Each takes a quarter of a minute or more; longest first. */
const LONG_FILES = [
  'packages/testing/test/fault-schedules.test.ts',
  'tests/chaos/kill.test.ts',
  'tests/dataplane/matrix.test.ts',
  'packages/testing/test/planted-bugs.test.ts',
  'tests/e2e/store-sales.test.ts',
  'tests/dataplane/kill.test.ts',
  'tests/monitoring/prometheus.test.ts',
  'tests/e2e/waiting.test.ts',
  'tests/chaos/upgrade.test.ts',
  'packages/connectors/test/cursor-histories.test.ts',
  'packages/connectors/test/postgres-kill.test.ts',
  'packages/connectors/test/postgres-target.conformance.test.ts',
  'packages/connectors/test/mongodb-target.conformance.test.ts',
  'packages/connectors/test/bad-input-files.test.ts',
  'packages/worker/test/worker.test.ts',
  'packages/store-postgres/test/plans.test.ts',
  'apps/cli/test/dags-test.test.ts',
  'apps/cli/test/remote.test.ts',
  'packages/dag-loader/test/watch-dags.test.ts',
  'tests/clients/clients.test.ts',
  'tests/e2e/init.test.ts',
  'packages/queue-bullmq/test/failures.test.ts',
  'packages/queue-bullmq/test/postgres.conformance.test.ts',
  'packages/queue-bullmq/test/redis.conformance.test.ts',
];

const PLACES = new Map(LONG_FILES.map((path, index) => [join(ROOT, path), index]));

module.exports = class LongestFirst {
  sort(tests) {
    const keyed = tests.map((test) => ({ test, place: PLACES.get(test.path) ?? PLACES.size, size: statSync(test.path).size }));
    return keyed.sort((a, b) => a.place - b.place || b.size - a.size).map(({ test }) => test);
  }

  /** `--shard`: every n-th, so that the long ones are dealt out. */
  shard(tests, { shardIndex, shardCount }) {
    return this.sort(tests).filter((_, index) => index % shardCount === shardIndex - 1);
  }

  /** `--onlyFailures` needs a memory, and this has none. */
  allFailedTests(tests) {
    return tests;
  }

  cacheResults() {}
};

module.exports.LONG_FILES = LONG_FILES;
