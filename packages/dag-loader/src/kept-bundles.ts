/** Asks bundles that come from the store, not from a DAG folder. Has a child of its own, so that no question waits for files being loaded. */
import { join } from 'node:path';
import type { Log } from '@headrace/ports';
import { BundleFolder } from './bundle-folder.ts';
import type { EvaluationLimits, Fatality, Question } from './evaluation-process.ts';
import type { EvaluationAnswer } from './evaluation-protocol.ts';
import { Evaluator } from './evaluator.ts';

const NO_SOURCE_MAP = '{"version":3,"sources":[],"names":[],"mappings":""}';

type WithoutBundle<Q> = Q extends unknown ? Omit<Q, 'bundle'> : never;

export class KeptBundles {
  readonly #bundles: BundleFolder;
  readonly #evaluator: Evaluator;
  #opened: Promise<void> | undefined;

  constructor(cacheDir: string, limits: EvaluationLimits, log: Log) {
    this.#bundles = new BundleFolder(join(cacheDir, 'bundles'));
    this.#evaluator = new Evaluator(cacheDir, limits, log);
  }

  /** Makes a bundle one that can be asked. `hash`: of the code. */
  async keep(hash: string, code: string): Promise<void> {
    this.#opened ??= this.#bundles.open();
    await this.#opened;
    if ((await this.#bundles.get(hash)) === undefined) await this.#bundles.put({ hash, code, sourceMap: NO_SOURCE_MAP });
  }

  /** Asks a bundle that is kept. Rejects with LoaderClosedError. */
  ask(hash: string, question: WithoutBundle<Question>): Promise<EvaluationAnswer | Fatality> {
    return this.#evaluator.ask({ ...question, bundle: this.#bundles.path(hash) });
  }

  close(): Promise<void> {
    return this.#evaluator.close();
  }
}
