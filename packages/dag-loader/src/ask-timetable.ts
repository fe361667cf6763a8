/**
 * Users' own timetables, asked in the evaluation child: their code runs nowhere else.
 *
 * 1. A function is asked every question twice, the second time with the clock put forward: one that is not pure shows.
 * 2. The child is started by the first question and ended when nobody asks.
 */
import type { AttemptStore, Log, TimetableEvaluator } from '@headrace/ports';
import { sha256 } from './canonical-json.ts';
import { DEFAULT_LIMITS, type EvaluationLimits } from './evaluation-process.ts';
import { KeptBundles } from './kept-bundles.ts';

export interface TimetableEvaluatorOptions {
  /** For bundles. May be deleted, and shared with a loader. */
  readonly cacheDir: string;
  /** Where the bundles of versions are. */
  readonly store: Pick<AttemptStore, 'bundle'>;
  readonly log: Log;
  /** Default: 5 s a question, 256 MB, 1 MB. */
  readonly limits?: Partial<EvaluationLimits>;
}

/** The timetable did not answer, or not as it must: `HR_BAD_TIMETABLE`, `HR_UNSTABLE_TIMETABLE`, `HR_DAG_TIMEOUT` … */
export class TimetableError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = 'TimetableError';
    this.code = code;
  }
}

const TIMETABLE_LIMITS: EvaluationLimits = { ...DEFAULT_LIMITS, timeoutMs: 5_000, memoryMb: 256 };
/** Versions of which it is remembered what their bundle is called. */
const MOST_VERSIONS = 1_000;

interface Version {
  readonly dagId: string;
  readonly hash: string;
}

/** Rejections are TimetableError, LoaderClosedError, or what the store says of a version that it does not have. */
export function createTimetableEvaluator(options: TimetableEvaluatorOptions): TimetableEvaluator & { close(): Promise<void> } {
  const kept = new KeptBundles(options.cacheDir, { ...TIMETABLE_LIMITS, ...options.limits }, options.log);
  const versions = new Map<string, Promise<Version>>();

  async function keep(versionId: string): Promise<Version> {
    const { dagId, code } = await options.store.bundle(versionId);
    const hash = sha256(code);
    await kept.keep(hash, code);
    return { dagId, hash };
  }

  function versionOf(versionId: string): Promise<Version> {
    const known = versions.get(versionId);
    if (known !== undefined) return known;
    const version = keep(versionId);
    versions.set(versionId, version);
    version.catch(() => versions.delete(versionId));
    const oldest = versions.keys().next().value;
    if (versions.size > MOST_VERSIONS && oldest !== undefined) versions.delete(oldest);
    return version;
  }

  return {
    async ask(versionId, name, question) {
      const { dagId, hash } = await versionOf(versionId);
      const answer = await kept.ask(hash, { kind: 'timetable', dagId, name, question });
      switch (answer.kind) {
        case 'interval': {
          if (answer.value === null) return undefined;
          const { start, end, runAfter } = answer.value;
          return { start, end, ...(runAfter === undefined ? {} : { runAfter }) };
        }
        case 'problem':
        case 'fatal':
          throw new TimetableError(
            answer.code ?? 'HR_TIMETABLE',
            `The timetable "${name}" of DAG "${dagId}" gave no answer: ${answer.message}`,
          );
        default:
          throw new TimetableError('HR_TIMETABLE', 'The evaluation child answered another question');
      }
    },
    close: () => kept.close(),
  };
}
