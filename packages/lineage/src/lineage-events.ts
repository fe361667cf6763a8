/**
 * What becomes of runs and of their tasks, as OpenLineage run events in the outbox of notices.
 *
 * E1. An event is saved with what it tells of, or repeats it: a START is told when it happens and once more with the end, under the same
 *     key, so that it is there however a process ended.
 * E2. A DAG run is the parent of its attempts; each try is a run of its own. One that waits has ended (COMPLETE), and goes on as another.
 * E3. Events follow from facts alone: whoever tells the same, says it in the same words.
 */
import type { AttemptError, AttemptReport, DagSpec, Instant, TaskSpec } from '@headrace/core';
import type { DataReport, NewNotice } from '@headrace/ports';
import { type DatasetsOf, datasetsOf, type UrlOfConnection } from './datasets.ts';
import { attemptUuid, type RunIds, runUuid } from './identity.ts';
import { type EventType, type Facets, facets, RUN_EVENT_SCHEMA, type RunEvent } from './open-lineage.ts';

export interface LineageRun extends RunIds {
  /** Rises with every command on the run: cleared, it begins and ends once more. */
  readonly revision: number;
  readonly intervalStart?: Instant;
  readonly intervalEnd?: Instant;
}

export interface LineageAttempt extends RunIds {
  readonly taskInstanceId: string;
  readonly taskId: string;
  readonly mapIndex: number;
  readonly attempt: number;
  readonly intervalStart?: Instant;
  readonly intervalEnd?: Instant;
}

export interface AttemptEnd {
  readonly startedAt: Instant;
  readonly endedAt: Instant;
  readonly report: AttemptReport;
  /** Taken back by a person or the scheduler, or its worker went away. */
  readonly cancelled?: boolean;
  readonly data?: DataReport;
}

export interface LineageOptions {
  /** Of jobs. Of one installation, and of no other. */
  readonly namespace: string;
  /** A URI that says who tells all this. */
  readonly producer: string;
  /** Of Headrace. */
  readonly version: string;
}

type Told = Pick<DagSpec, 'description'>;

const NOTHING: DatasetsOf = { inputs: [], outputs: [] };

export class LineageEvents {
  readonly #options: LineageOptions;

  constructor(options: LineageOptions) {
    this.#options = options;
  }

  runStarted(run: LineageRun, dag: Told, at: Instant): NewNotice {
    return this.#ofRun(run, dag, 'START', at);
  }

  /** With its start, in case that was not told. */
  runEnded(
    run: LineageRun,
    dag: Told,
    type: 'COMPLETE' | 'FAIL' | 'ABORT',
    { startedAt, endedAt }: { readonly startedAt: Instant; readonly endedAt: Instant },
  ): readonly NewNotice[] {
    return [this.#ofRun(run, dag, 'START', startedAt), this.#ofRun(run, dag, type, endedAt)];
  }

  attemptStarted(attempt: LineageAttempt, task: Pick<TaskSpec, 'kind' | 'doc'> | undefined, at: Instant): NewNotice {
    return this.#ofAttempt(attempt, task, 'START', at, {});
  }

  attemptEnded(
    attempt: LineageAttempt,
    task: Pick<TaskSpec, 'kind' | 'doc'> | undefined,
    { startedAt, endedAt, report, cancelled = false, data }: AttemptEnd,
    urlOf: UrlOfConnection,
  ): readonly NewNotice[] {
    const type = typeOf(report, cancelled);
    const told = data === undefined ? NOTHING : datasetsOf(data, urlOf, this.#options.producer);
    return [
      this.#ofAttempt(attempt, task, 'START', startedAt, {}),
      this.#ofAttempt(attempt, task, type, endedAt, { ...told, ...(report.outcome === 'failed' ? { error: report.error } : {}) }),
    ];
  }

  /** Of an attempt that its worker will not end: it was lost, or a command took it back. */
  attemptGone(
    attempt: LineageAttempt,
    task: Pick<TaskSpec, 'kind' | 'doc'> | undefined,
    type: 'FAIL' | 'ABORT',
    at: Instant,
    why: string,
  ): NewNotice {
    return this.#ofAttempt(attempt, task, type, at, { error: { name: type === 'FAIL' ? 'AttemptLost' : 'Cancelled', message: why } });
  }

  #ofRun(run: LineageRun, { description }: Told, type: EventType, at: Instant): NewNotice {
    const { namespace, producer } = this.#options;
    const event: RunEvent = {
      ...this.#head(type, at),
      run: { runId: runUuid(run), facets: facets(producer, { nominalTime: nominalTime(run), processing_engine: this.#engine() }) },
      job: { namespace, name: run.dagId, facets: this.#jobFacets('DAG', description) },
      ...NOTHING,
    };
    return noticeOf(`of run ${run.runKey}, revision ${run.revision}`, run, event);
  }

  #ofAttempt(
    attempt: LineageAttempt,
    task: Pick<TaskSpec, 'kind' | 'doc'> | undefined,
    type: EventType,
    at: Instant,
    { inputs = [], outputs = [], error }: Partial<DatasetsOf> & { readonly error?: AttemptError },
  ): NewNotice {
    const { namespace, producer } = this.#options;
    const parent = { run: { runId: runUuid(attempt) }, job: { namespace, name: attempt.dagId } };
    const event: RunEvent = {
      ...this.#head(type, at),
      run: {
        runId: attemptUuid(attempt, attempt.taskInstanceId, attempt.attempt),
        facets: facets(producer, {
          parent: { ...parent, root: parent },
          nominalTime: nominalTime(attempt),
          processing_engine: this.#engine(),
          errorMessage: error === undefined ? undefined : errorMessage(error),
        }),
      },
      // All instances of a mapped task are runs of one job.
      job: {
        namespace,
        name: `${attempt.dagId}.${attempt.taskId}`,
        facets: this.#jobFacets((task?.kind ?? 'task').toUpperCase(), task?.doc),
      },
      inputs,
      outputs,
    };
    return noticeOf(`of task instance ${attempt.taskInstanceId}, attempt ${attempt.attempt}`, attempt, event);
  }

  #head(eventType: EventType, at: Instant): Pick<RunEvent, 'eventType' | 'eventTime' | 'producer' | 'schemaURL'> {
    return { eventType, eventTime: new Date(at).toISOString(), producer: this.#options.producer, schemaURL: RUN_EVENT_SCHEMA };
  }

  #engine(): Readonly<Record<string, unknown>> {
    return { name: 'Headrace', version: this.#options.version };
  }

  #jobFacets(jobType: string, description: string | undefined): Facets {
    return facets(this.#options.producer, {
      jobType: { processingType: 'BATCH', integration: 'HEADRACE', jobType },
      documentation: description === undefined || description === '' ? undefined : { description },
    });
  }
}

function typeOf({ outcome }: AttemptReport, cancelled: boolean): EventType {
  if (cancelled || outcome === 'interrupted') return 'ABORT';
  return outcome === 'failed' ? 'FAIL' : 'COMPLETE';
}

function nominalTime({
  intervalStart,
  intervalEnd,
}: Pick<LineageRun, 'intervalStart' | 'intervalEnd'>): Readonly<Record<string, unknown>> | undefined {
  if (intervalStart === undefined) return undefined;
  return {
    nominalStartTime: new Date(intervalStart).toISOString(),
    ...(intervalEnd === undefined ? {} : { nominalEndTime: new Date(intervalEnd).toISOString() }),
  };
}

function errorMessage({ name, message, stack }: AttemptError): Readonly<Record<string, unknown>> {
  return { message: `${name}: ${message}`, programmingLanguage: 'JavaScript', ...(stack === undefined ? {} : { stackTrace: stack }) };
}

/** The ids at the top are those by which the outbox is read. */
function noticeOf(what: string, { dagId, runId }: RunIds, event: RunEvent): NewNotice {
  return {
    key: `lineage ${event.eventType} ${what}`,
    target: { kind: 'lineage' },
    payload: { event: `lineage.${event.eventType.toLowerCase()}`, dagId, runId, openLineage: event },
  };
}
