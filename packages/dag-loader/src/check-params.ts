/** Params of a run against the schema of the DAG itself: only the DAG's code knows it, so it is asked in the evaluation child. */
import type { Log } from '@headrace/ports';
import { sha256 } from './canonical-json.ts';
import type { EvaluationLimits } from './evaluation-process.ts';
import { KeptBundles } from './kept-bundles.ts';

export interface ParamsQuestion {
  readonly bundleCode: string;
  readonly dagId: string;
  readonly params: unknown;
}

export type ParamsVerdict =
  | { readonly kind: 'valid'; readonly params: Readonly<Record<string, unknown>> }
  | { readonly kind: 'invalid'; readonly issues: readonly { readonly path: readonly (string | number)[]; readonly message: string }[] };

/** The DAG's code did not answer. */
export class ParamsCheckError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = 'ParamsCheckError';
    this.code = code;
  }
}

/** Needs no DAG folder, so that it works in an API server too. */
export class ParamsChecker {
  readonly #bundles: KeptBundles;

  constructor(cacheDir: string, limits: EvaluationLimits, log: Log) {
    this.#bundles = new KeptBundles(cacheDir, limits, log);
  }

  /** Throws ParamsCheckError when the bundle cannot be asked. */
  async check({ bundleCode, dagId, params }: ParamsQuestion): Promise<ParamsVerdict> {
    const hash = sha256(bundleCode);
    await this.#bundles.keep(hash, bundleCode);
    const answer = await this.#bundles.ask(hash, { kind: 'params', dagId, params });
    switch (answer.kind) {
      case 'valid':
        return { kind: 'valid', params: answer.value };
      case 'invalid':
        return answer;
      case 'problem':
      case 'fatal':
        throw new ParamsCheckError(answer.code ?? 'HR_PARAMS_CHECK', `The params of DAG "${dagId}" cannot be checked: ${answer.message}`);
      default:
        throw new ParamsCheckError('HR_PARAMS_CHECK', 'The evaluation child answered another question');
    }
  }

  close(): Promise<void> {
    return this.#bundles.close();
  }
}
