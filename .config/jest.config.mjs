import { fileURLToPath } from 'node:url';

// Unit tests sit in each package's and app's `test` folder, tests that cross packages in `tests/`.
export default {
  rootDir: fileURLToPath(new URL('..', import.meta.url)),
  testEnvironment: 'node',
  testMatch: ['<rootDir>/packages/*/test/**/*.test.ts', '<rootDir>/apps/*/test/**/*.test.ts', '<rootDir>/tests/**/*.test.ts'],
  modulePathIgnorePatterns: ['/dist/', '<rootDir>/.stryker-tmp/', '<rootDir>/.headrace/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' }, module: { type: 'es6' }, sourceMaps: 'inline', swcrc: false },
    ],
  },
  testSequencer: '<rootDir>/.config/longest-first.cjs',
  setupFiles: ['<rootDir>/.config/name-fastify-plugins.cjs'],
  // Not in the folder for temporary files, which a test run has for itself and removes.
  cacheDirectory: '<rootDir>/node_modules/.cache/jest',
  // Half a worker's work is waiting for servers and child processes: two suit a machine with two cores and do no harm on a larger one.
  maxWorkers: 2,
  // Modules in Node's vm are never freed: a worker that has grown is replaced between two files. Soon, because to start a process takes a
  // large one (a test that starts servers, a load that makes a pipe) ten times as long as a small one.
  workerIdleMemoryLimit: '250MB',
  // More than most need: a shared machine may be busy, and a test that hangs is ended all the same.
  testTimeout: 90_000,
};
