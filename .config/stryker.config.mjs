// Mutation testing of the core only: it decides everything, it is pure, and it is small enough. `docs/mutation.md` has the score.
// Fewer random cases than usual, because every mutant runs every test that covers it.
process.env.HEADRACE_PROPERTY_RUNS ??= '0.03';

export default {
  mutate: ['packages/core/src/**/*.ts'],
  testRunner: 'jest',
  jest: {
    // Relative, so that it is the sandbox's copy, which names the sandbox as its root.
    configFile: '.config/jest.config.mjs',
    config: { testMatch: ['<rootDir>/packages/core/test/support/every-test.ts'] },
    enableFindRelatedTests: false,
  },
  testRunnerNodeArgs: ['--experimental-vm-modules', '--no-warnings'],
  coverageAnalysis: 'perTest',
  ignorePatterns: ['**', '!packages/core/**', '!.config/**', '!docs/states.md', '!package.json', 'packages/core/dist'],
  concurrency: 2,
  timeoutMS: 5_000,
  reporters: ['clear-text', 'progress', 'json', 'html'],
  jsonReporter: { fileName: '.stryker-tmp/report/mutation.json' },
  htmlReporter: { fileName: '.stryker-tmp/report/mutation.html' },
  tempDirName: '.stryker-tmp',
  cleanTempDir: 'always',
  thresholds: { high: 90, low: 80, break: 80 },
};
