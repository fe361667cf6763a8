/** What a task process is started with: one argument, JSON. Holds no secret, since anyone on the machine can read a command line. */
export interface ProcessSettings {
  readonly bundleDir: string;
  readonly executorsModule?: string;
  /** Longer results are handed over in a file. */
  readonly inlineBytes: number;
  readonly resultBytes: number;
  readonly outputBytes: number;
}
