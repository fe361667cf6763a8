/** Why a task instance or a run is not running, by the same rules by which the scheduler decides, and why a run came to be. Ours. */
import { ExplainQuery, RunExplanation, TaskDependencyCollection, TaskExplanation } from '@headrace/api-contract';
import {
  type AssetCondition,
  compileDag,
  type Dag,
  type ExplainFacts,
  explain,
  explainRun,
  isTerminal,
  type RunStanding,
  type RunState,
  restoreRun,
  type ScheduleSpec,
  type TaskState,
  whyRun,
} from '@headrace/core';
import type { LoadedRun, RunRecord, TaskInstanceRecord } from '@headrace/ports';
import type { Static } from 'typebox';
import { presentState } from '../answers/task-instance.ts';
import type { ApiDeps } from '../deps.ts';
import { ApiProblem } from '../http/api-problem.ts';
import { answers, path, permit } from '../http/route-schema.ts';
import type { ResourceContext, Routes } from './context.ts';

export const explainRoutes: Routes = async (app, context) => {
  const { deps, lookup } = context;
  app.get(
    '/dags/:dag_id/dagRuns/:dag_run_id/taskInstances/:task_id/explain',
    {
      ...permit('read', 'run'),
      schema: {
        operationId: 'explain_task_instance',
        tags: ['Task Instance'],
        params: path('dag_id', 'dag_run_id', 'task_id'),
        querystring: ExplainQuery,
        response: answers(TaskExplanation, 'HR_DAG_NOT_FOUND', 'HR_RUN_NOT_FOUND', 'HR_TASK_NOT_FOUND', 'HR_TASK_INSTANCE_NOT_FOUND'),
      },
    },
    ({ params: { dag_id, dag_run_id, task_id }, query: { map_index } }) => explainTask(context, dag_id, dag_run_id, task_id, map_index),
  );

  app.get(
    '/dags/:dag_id/dagRuns/:dag_run_id/explain',
    {
      ...permit('read', 'run'),
      schema: {
        operationId: 'explain_dag_run',
        tags: ['DagRun'],
        params: path('dag_id', 'dag_run_id'),
        response: answers(RunExplanation, 'HR_DAG_NOT_FOUND', 'HR_RUN_NOT_FOUND'),
      },
    },
    async ({ params: { dag_id, dag_run_id } }) => {
      const record = await lookup.run(dag_id, dag_run_id);
      const [dag, standing, assetEvents] = await Promise.all([
        dagOf(record, context),
        deps.explain.run(record.runKey),
        deps.assets.triggeringEvents(record.runKey),
      ]);
      const backfill = standing?.backfill === undefined ? {} : { backfill: standing.backfill };
      const causes = whyRun({ ...record, ...backfill, assetEvents });
      const run = standing === undefined ? record : withAssets(standing, dag);
      const conditions = explainRun(run, Date.now());
      return {
        dag_id,
        dag_run_id,
        state: record.status,
        causes: causes.map(({ cause, reason }) => ({ cause, reason })),
        conditions: conditions.map(({ rule, passed, reason }) => ({ rule, passed, reason })),
      };
    },
  );
};

/** What Airflow has of it: what keeps a task instance from running. */
export const dependencyRoutes: Routes = async (app, context) => {
  const one = '/dags/:dag_id/dagRuns/:dag_run_id/taskInstances/:task_id';
  const response = answers(
    TaskDependencyCollection,
    'HR_DAG_NOT_FOUND',
    'HR_RUN_NOT_FOUND',
    'HR_TASK_NOT_FOUND',
    'HR_TASK_INSTANCE_NOT_FOUND',
  );
  const dependencies = async (dagId: string, runId: string, taskId: string, mapIndex: number) => {
    const { conditions } = await explainTask(context, dagId, runId, taskId, mapIndex);
    return { dependencies: conditions.flatMap(({ rule, passed, reason }) => (passed ? [] : [{ name: rule, reason }])) };
  };

  app.get(
    `${one}/dependencies`,
    {
      ...permit('read', 'run'),
      schema: {
        operationId: 'get_task_instance_dependencies',
        tags: ['Task Instance'],
        params: path('dag_id', 'dag_run_id', 'task_id'),
        querystring: ExplainQuery,
        response,
      },
    },
    ({ params, query }) => dependencies(params.dag_id, params.dag_run_id, params.task_id, query.map_index),
  );

  app.get(
    `${one}/:map_index/dependencies`,
    {
      ...permit('read', 'run'),
      schema: {
        operationId: 'get_task_instance_dependencies_by_map_index',
        tags: ['Task Instance'],
        params: path('dag_id', 'dag_run_id', 'task_id', 'map_index'),
        response,
      },
    },
    ({ params }) => dependencies(params.dag_id, params.dag_run_id, params.task_id, params.map_index),
  );
};

async function explainTask(
  context: ResourceContext,
  dagId: string,
  runId: string,
  taskId: string,
  wanted: number,
): Promise<Static<typeof TaskExplanation>> {
  const { deps, lookup } = context;
  const record = await lookup.run(dagId, runId);
  const dag = await dagOf(record, context);
  const task = dag.indexOf(taskId);
  if (task === undefined) throw new ApiProblem('HR_TASK_NOT_FOUND', `DAG "${dagId}" has no task "${taskId}" in this run's version`);
  const run = await runOf(record, dag, context);
  const node = nodeOf(run, task, wanted);
  if (node === undefined)
    throw new ApiProblem('HR_TASK_INSTANCE_NOT_FOUND', `Task "${taskId}" has no instance with map index ${wanted} in this run`);
  const mapIndex = run.nodes[node]?.mapIndex ?? -1;
  const state: TaskState = run.tasks[node] ?? { status: 'none', attempt: 0 };
  const instance = await deps.queries.taskInstance(dagId, runId, taskId, mapIndex);
  const facts = await factsOf(deps, record, dag, instance, state);
  const conditions = explain(dag, run, node, Date.now(), facts).map(({ rule, passed, reason }) => ({ rule, passed, reason }));
  return { dag_id: dagId, dag_run_id: runId, task_id: taskId, map_index: mapIndex, state: presentState(state.status), conditions };
}

async function dagOf(record: RunRecord, { versions }: ResourceContext): Promise<Dag> {
  const version = await versions.get(record.dagId, record.versionNumber);
  if (version === undefined) throw noRun(record);
  return compileDag(version.spec);
}

async function runOf(record: RunRecord, dag: Dag, { deps }: ResourceContext): Promise<RunState> {
  const loaded = await deps.commands.loadRun(record.dagId, record.runId);
  if (loaded === undefined) throw noRun(record);
  return restored(loaded, dag);
}

function noRun({ dagId, runId }: RunRecord): ApiProblem {
  return new ApiProblem('HR_RUN_NOT_FOUND', `DAG "${dagId}" has no run "${runId}"`);
}

function restored({ status, tasks, progress }: LoadedRun, dag: Dag): RunState {
  const nodes = tasks.flatMap(({ taskId, mapIndex, state }) => {
    const task = dag.indexOf(taskId);
    return task === undefined ? [] : [{ task, mapIndex, state }];
  });
  nodes.sort((a, b) => a.task - b.task || a.mapIndex - b.mapIndex);
  return restoreRun(dag, { status, nodes, progress });
}

/** −1 is the first instance, whatever its index. */
function nodeOf({ nodes }: RunState, task: number, mapIndex: number): number | undefined {
  const found = nodes.findIndex((node) => node.task === task && (mapIndex === -1 || node.mapIndex === mapIndex));
  return found === -1 ? undefined : found;
}

async function factsOf(
  { explain: store, queries, waits }: ApiDeps,
  run: RunRecord,
  dag: Dag,
  task: TaskInstanceRecord | undefined,
  { status }: TaskState,
): Promise<ExplainFacts> {
  const needsWorker = status === 'queued' || status === 'running';
  const waiting = status === 'deferred' || status === 'awaiting_input' || status === 'up_for_reschedule';
  const [standing, slot, health, open] = await Promise.all([
    run.status === 'queued' ? store.run(run.runKey) : undefined,
    status === 'scheduled' && task !== undefined ? store.slot(task.taskInstanceId) : undefined,
    needsWorker ? queries.health() : undefined,
    waiting && task !== undefined ? waits?.waits({ ...idsOf(task), open: true }, { limit: 1, offset: 0, orderBy: ['-id'] }) : undefined,
  ]);
  const [wait] = open?.items ?? [];
  return {
    ...(standing === undefined ? {} : { run: withAssets(standing, dag) }),
    ...(slot === undefined ? {} : { slot }),
    ...(wait === undefined ? {} : { wait }),
    ...(health === undefined ? {} : { workers: health.workers }),
    ...(task === undefined ? {} : { queue: task.queue }),
    ...(task?.queuedAt === undefined ? {} : { queuedAt: task.queuedAt }),
    ...(task?.workerId === undefined ? {} : { workerId: task.workerId }),
    ...(task?.reason === undefined || !isTerminal(status) ? {} : { reason: task.reason }),
  };
}

function idsOf({ dagId, runId, taskId, mapIndex }: TaskInstanceRecord) {
  return { dagId, runId, taskId, mapIndex };
}

/** The store only knows that the run is held; the schedule says by which assets. */
function withAssets(standing: RunStanding, dag: Dag): RunStanding {
  return standing.heldFor === undefined ? standing : { ...standing, heldFor: assetsOf(dag.spec.schedule) };
}

function assetsOf(schedule: ScheduleSpec): readonly string[] {
  return 'when' in schedule ? [...new Set(namesIn(schedule.when))].sort() : [];
}

function namesIn(condition: AssetCondition): readonly string[] {
  return condition.kind === 'asset' ? [condition.name] : condition.of.flatMap(namesIn);
}
