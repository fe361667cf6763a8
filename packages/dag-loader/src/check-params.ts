/** Params of a run against the schema of the DAG itself: only the DAG's code knows it, so it is asked in the evaluation child. */
import { join } from 'node:path';
import type { Log } from '@headrace/ports';
import { BundleFolder } from './bundle-folder.ts';
import { sha256 } from './canonical-json.ts';
import type { EvaluationLimits } from './evaluation-process.ts';
import { Evaluator } from './evaluator.ts';

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

const NO_SOURCE_MAP = '{"version":3,"sources":[],"names":[],"mappings":""}';

/** Needs no DAG folder, so that it works in an API server too. Has a child of its own, so that no trigger waits for files being loaded. */
export class ParamsChecker {
  readonly #bundles: BundleFolder;
  readonly #evaluator: Evaluator;
  #opened: Promise<void> | undefined;

  constructor(cacheDir: string, limits: EvaluationLimits, log: Log) {
    this.#bundles = new BundleFolder(join(cacheDir, 'bundles'));
    this.#evaluator = new Evaluator(cacheDir, limits, log);
  }

  /** Throws ParamsCheckError when the bundle cannot be asked. */
  async check({ bundleCode, dagId, params }: ParamsQuestion): Promise<ParamsVerdict> {
    this.#opened ??= this.#bundles.open();
    await this.#opened;
    const hash = sha256(bundleCode);
    if ((await this.#bundles.get(hash)) === undefined) await this.#bundles.put({ hash, code: bundleCode, sourceMap: NO_SOURCE_MAP });
    const answer = await this.#evaluator.ask({ kind: 'params', bundle: this.#bundles.path(hash), dagId, params });
    if (answer.kind === 'valid') return { kind: 'valid', params: answer.value };
    if (answer.kind === 'invalid') return answer;
    if (answer.kind === 'dags') throw new ParamsCheckError('HR_PARAMS_CHECK', 'The evaluation child answered another question');
    throw new ParamsCheckError(answer.code ?? 'HR_PARAMS_CHECK', `The params of DAG "${dagId}" cannot be checked: ${answer.message}`);
  }

  close(): Promise<void> {
    return this.#evaluator.close();
  }
}
