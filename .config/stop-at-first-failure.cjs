// Jest stops only between files. A mutant is killed by the first test that fails: the other tests of the file need not run.
const TestEnvironment = require('@stryker-mutator/jest-runner/jest-env/node');

module.exports = class StopAtFirstFailure extends TestEnvironment {
  #failed = false;

  async handleTestEvent(event) {
    if (event.name === 'test_fn_failure' || event.name === 'hook_failure') this.#failed = true;
    if (event.name === 'test_start' && this.#failed) event.test.mode = 'skip';
  }
};
