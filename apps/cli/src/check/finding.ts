/** Something that `headrace dags check` has found, with its place where it has one. */

export type Severity = 'error' | 'warning';

export interface Finding {
  readonly severity: Severity;
  /** Stable, for filters: `import`, `unknown-pool`, `unstable` … docs/cli.md lists them. */
  readonly rule: string;
  /** What is wrong and what to do. */
  readonly message: string;
  /** Relative to the working folder, with `/`. */
  readonly file?: string;
  /** 1-based. */
  readonly line?: number;
  readonly column?: number;
  readonly dagId?: string;
  readonly taskId?: string;
}

/** Errors first, then by place. */
export function inOrder(findings: readonly Finding[]): readonly Finding[] {
  const key = ({ severity, file = '', line = 0, column = 0, rule }: Finding): string =>
    [severity, file, String(line).padStart(7, '0'), String(column).padStart(5, '0'), rule].join('\n');
  return findings.toSorted((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}

export function placeOf({ file, line, column }: Finding): string {
  return [file, line, column].filter((part) => part !== undefined).join(':');
}
