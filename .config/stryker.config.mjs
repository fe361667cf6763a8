import { fileURLToPath } from 'node:url';

// Mutation testing of the core only: it decides everything, it is pure, and it is small enough. `docs/mutation.md` has the score.
// Fewer random cases than usual, because every mutant runs every test that covers it.
process.env.HEADRACE_PROPERTY_RUNS ??= '0.03';

export default {
  mutate: ['packages/core/src/**/*.ts'],
  testRunner: 'jest',
  jest: {
    // Relative, so that it is the sandbox's copy, which names the sandbox as its root.
    configFile: '.config/jest.config.mjs',
    config: {
      testMatch: ['<rootDir>/.config/every-core-test.mjs'],
      testEnvironment: fileURLToPath(new URL('stop-at-first-failure.cjs', import.meta.url)),
    },
    enableFindRelatedTests: false,
  },
  testRunnerNodeArgs: ['--experimental-vm-modules', '--no-warnings'],
  coverageAnalysis: 'perTest',
  ignorePatterns: ['**', '!packages/core/**', '!.config/**', '!docs/states.md', '!package.json', 'packages/core/dist'],
  concurrency: 2,
  timeoutMS: 4_000,
  reporters: ['clear-text', 'progress', 'json', 'html'],
  clearTextReporter: { logTests: false, reportTests: false, allowColor: false },
  jsonReporter: { fileName: 'reports/mutation/mutation.json' },
  htmlReporter: { fileName: 'reports/mutation/mutation.html' },
  tempDirName: '.stryker-tmp',
  cleanTempDir: 'always',
  thresholds: { high: 90, low: 80, break: 80 },
};
