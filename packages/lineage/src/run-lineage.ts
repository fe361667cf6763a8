/** Tells of runs: their beginning beside it, their end with the decision that ends them. Made to be an observer of the engine. */
import type { DagSpec, Instant } from '@headrace/core';
import type { LoadedRun, Log, NewNotice, NoticeStore } from '@headrace/ports';
import type { LineageEvents } from './lineage-events.ts';

type Run = Omit<LoadedRun, 'tasks'>;

export interface EndedRun {
  readonly run: Run;
  readonly dag: DagSpec;
  readonly status?: 'success' | 'failed';
  /** That were ended in their workers' place. */
  readonly attempts: readonly {
    readonly taskInstanceId: string;
    readonly taskId: string;
    readonly mapIndex: number;
    readonly attempt: number;
    readonly lost: boolean;
    readonly reason: string;
  }[];
  readonly command?: string;
  readonly at: Instant;
}

export interface RunLineage {
  notices(change: EndedRun): readonly NewNotice[];
  started(runs: readonly { readonly run: Run; readonly dag: DagSpec }[]): void;
}

/** What a run is ended by that was taken back. */
const CANCEL = 'cancel';

export function createRunLineage(events: LineageEvents, store: Pick<NoticeStore, 'tell'>, log: Log): RunLineage {
  return {
    started(runs) {
      const told = runs.flatMap(({ run, dag }) => {
        const at = startOf(run);
        return at === undefined ? [] : [events.runStarted(run, dag, at)];
      });
      if (told.length === 0) return;
      store
        .tell(told)
        .catch((error: unknown) => log.warn({ error, runs: told.length }, 'the start of runs could not be told; their end will tell it'));
    },
    notices({ run, dag, status, attempts, command, at }) {
      const gone = attempts.map((attempt) =>
        events.attemptGone(
          { ...run, ...attempt },
          dag.tasks.find(({ taskId }) => taskId === attempt.taskId),
          attempt.lost ? 'FAIL' : 'ABORT',
          at,
          attempt.reason,
        ),
      );
      if (status === undefined) return gone;
      const type = status === 'success' ? 'COMPLETE' : command === CANCEL ? 'ABORT' : 'FAIL';
      return [...gone, ...events.runEnded(run, dag, type, { startedAt: startOf(run) ?? at, endedAt: at })];
    },
  };
}

function startOf({ progress }: Run): Instant | undefined {
  return progress.startedAt;
}
