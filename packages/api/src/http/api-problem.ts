import { type FieldProblem, PROBLEMS, type ProblemCode } from '@headrace/api-contract';

/** What a handler throws to refuse a request. */
export class ApiProblem extends Error {
  readonly code: ProblemCode;
  readonly fields: readonly FieldProblem[];
  constructor(code: ProblemCode, detail: string, fields: readonly FieldProblem[] = []) {
    super(detail);
    this.name = 'ApiProblem';
    this.code = code;
    this.fields = fields;
  }
}

/** A request that is well formed and yet wrong, in these fields. */
export function invalid(...fields: readonly FieldProblem[]): ApiProblem {
  return new ApiProblem('HR_INVALID_REQUEST', fields.map(({ field, message }) => `${field} ${message}`).join('; '), fields);
}

/** A field of Airflow's API that we know and do not serve. */
export function unsupported(field: string, instead: string): ApiProblem {
  return new ApiProblem('HR_UNSUPPORTED', `${field}: ${instead}`, [{ field, message: instead }]);
}

export function isProblemCode(code: unknown): code is ProblemCode {
  return typeof code === 'string' && Object.hasOwn(PROBLEMS, code);
}
