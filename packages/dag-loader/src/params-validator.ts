/** Whether a run of a DAG may have these params, by the newest version of the DAG itself: what everything that makes runs asks first. */
import { type AttemptStore, DagNotFoundError, type Log, type QueryStore } from '@headrace/ports';
import { ParamsCheckError, ParamsChecker } from './check-params.ts';
import { DEFAULT_LIMITS, type EvaluationLimits } from './evaluation-process.ts';

export interface ParamsValidatorOptions {
  /** For bundles. May be deleted, and shared with a loader. */
  readonly cacheDir: string;
  readonly store: { readonly queries: Pick<QueryStore, 'dag'>; readonly attempts: Pick<AttemptStore, 'bundle'> };
  readonly log: Log;
  /** Default: 10 s, 512 MB, 1 MB. */
  readonly limits?: Partial<EvaluationLimits>;
}

export type CheckedParams =
  /** With defaults, and as the schema transforms them. */
  | { readonly ok: true; readonly params: Readonly<Record<string, unknown>> }
  /** `path` within the params, e.g. `limits.0`; empty for the params as a whole. */
  | { readonly ok: false; readonly issues: readonly { readonly path: string; readonly message: string }[] };

export interface ParamsValidator {
  /** Throws DagNotFoundError. Code that cannot be asked refuses the params: a run of it would fail anyway. */
  validate(dagId: string, params: Readonly<Record<string, unknown>>): Promise<CheckedParams>;
  close(): Promise<void>;
}

/** Starts its child with the first question. */
export function createParamsValidator({ cacheDir, store, log, limits }: ParamsValidatorOptions): ParamsValidator {
  const checker = new ParamsChecker(cacheDir, { ...DEFAULT_LIMITS, ...limits }, log);
  return {
    async validate(dagId, params) {
      const dag = await store.queries.dag(dagId);
      if (dag === undefined) throw new DagNotFoundError(dagId);
      const { code } = await store.attempts.bundle(dag.versionId);
      try {
        const verdict = await checker.check({ bundleCode: code, dagId, params });
        if (verdict.kind === 'valid') return { ok: true, params: verdict.params };
        return { ok: false, issues: verdict.issues.map(({ path, message }) => ({ path: path.join('.'), message })) };
      } catch (error) {
        if (error instanceof ParamsCheckError) return { ok: false, issues: [{ path: '', message: error.message }] };
        throw error;
      }
    },
    close: () => checker.close(),
  };
}
