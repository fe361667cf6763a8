/** What a file exports, or says that it has, is not what the SDK makes. */
export class DagFormatError extends Error {
  readonly code = 'HR_DAG_FORMAT';
  constructor(message: string) {
    super(message);
    this.name = 'DagFormatError';
  }
}
