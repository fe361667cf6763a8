/** All that is wrong with the configuration, at once. */
export class ConfigurationError extends Error {
  readonly code = 'HR_CONFIGURATION';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(
      `The configuration cannot be used:\n${problems.map((problem) => `  - ${problem}`).join('\n')}\nAll settings: docs/configuration.md`,
    );
    this.name = 'ConfigurationError';
    this.problems = problems;
  }
}
