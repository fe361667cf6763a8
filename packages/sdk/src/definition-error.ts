/** What is wrong with a definition. Stable: shown with the import error and safe to match on. */
export type DagDefinitionErrorCode =
  | 'HR_BAD_ID'
  | 'HR_BAD_OPTION'
  | 'HR_BAD_DURATION'
  | 'HR_BAD_SCHEDULE'
  | 'HR_BAD_DATE'
  | 'HR_BAD_INPUT'
  | 'HR_BAD_PARAMS'
  | 'HR_BAD_REFERENCE'
  | 'HR_BAD_ASSET'
  | 'HR_BAD_MAPPING'
  | 'HR_BAD_CURSOR'
  | 'HR_ASYNC_BUILD'
  | 'HR_DUPLICATE_TASK'
  | 'HR_DUPLICATE_GROUP'
  | 'HR_DUPLICATE_ASSET'
  | 'HR_DUPLICATE_HOOK'
  | 'HR_FOREIGN_TASK'
  | 'HR_OUTSIDE_DAG';

/** A DAG file defines something that cannot be. Thrown while the file is loaded, at the line that is wrong. */
export class DagDefinitionError extends Error {
  readonly code: DagDefinitionErrorCode;
  constructor(code: DagDefinitionErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DagDefinitionError';
    this.code = code;
  }
}

/** A value as it is shown in an error: short, and never failing. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
  if (typeof value === 'number' || typeof value === 'boolean' || value === null || value === undefined) return String(value);
  if (typeof value === 'bigint') return `${value}n`;
  return Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`;
}
