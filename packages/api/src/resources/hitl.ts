/** Forms that tasks wait for people to answer, as Airflow's human-in-the-loop details. */
import {
  type HitlDetail,
  HitlDetailCollection,
  HitlDetailResponse,
  HitlDetail as HitlDetailSchema,
  HitlListQuery,
  UpdateHitlDetail,
} from '@headrace/api-contract';
import { afterWait } from '@headrace/core';
import type { Range, WaitFilter } from '@headrace/ports';
import type { Static } from 'typebox';
import { dateTime, toInstant } from '../answers/date-times.ts';
import { answerOf, presentAnswer, problemsOf, shapeOf } from '../answers/form.ts';
import { type FormWait, isFormWait, presentHitlDetail } from '../answers/wait.ts';
import { ApiProblem, invalid } from '../http/api-problem.ts';
import { answers, path, permit } from '../http/route-schema.ts';
import type { ResourceContext, Routes } from './context.ts';
import { ANY } from './lookup.ts';
import { pageOf } from './page.ts';

const tags = ['Task Instance'];
const missing = ['HR_DAG_NOT_FOUND', 'HR_RUN_NOT_FOUND', 'HR_TASK_INSTANCE_NOT_FOUND', 'HR_WAIT_NOT_FOUND'] as const;
const runPath = '/dags/:dag_id/dagRuns/:dag_run_id';
const onePath = `${runPath}/taskInstances/:task_id/:map_index/hitlDetails`;

interface Address {
  readonly dag_id: string;
  readonly dag_run_id: string;
  readonly task_id: string;
  readonly map_index: number;
}

export const hitlRoutes: Routes = async (app, context) => {
  const { deps, lookup } = context;

  app.get(
    `${runPath}/hitlDetails`,
    {
      ...permit('read', 'run'),
      schema: {
        operationId: 'get_hitl_details',
        tags,
        params: path('dag_id', 'dag_run_id'),
        querystring: HitlListQuery,
        response: answers(HitlDetailCollection, 'HR_UNKNOWN_ORDER', 'HR_DAG_NOT_FOUND', 'HR_RUN_NOT_FOUND'),
      },
    },
    async ({ params: { dag_id, dag_run_id }, query }) => {
      if (dag_id !== ANY && dag_run_id !== ANY) await lookup.run(dag_id, dag_run_id);
      else if (dag_id !== ANY) await lookup.dag(dag_id);
      const { items, total } = await deps.waits.waits(filterOf(dag_id, dag_run_id, query), pageOf(query));
      return { hitl_details: await Promise.all(items.filter(isFormWait).map((wait) => present(wait, context))), total_entries: total };
    },
  );

  app.get(
    onePath,
    {
      ...permit('read', 'run'),
      schema: {
        operationId: 'get_hitl_detail',
        tags,
        params: path('dag_id', 'dag_run_id', 'task_id', 'map_index'),
        response: answers(HitlDetailSchema, ...missing),
      },
    },
    async ({ params }) => present(await newestForm(params, context), context),
  );

  app.get(
    `${onePath}/tries/:try_number`,
    {
      ...permit('read', 'run'),
      schema: {
        operationId: 'get_hitl_detail_try_detail',
        tags,
        params: path('dag_id', 'dag_run_id', 'task_id', 'map_index', 'try_number'),
        response: answers(HitlDetailSchema, ...missing),
      },
    },
    async ({ params }) => present(await newestForm(params, context, params.try_number), context),
  );

  app.patch(
    onePath,
    {
      ...permit('operate', 'run'),
      schema: {
        operationId: 'update_hitl_detail',
        tags,
        params: path('dag_id', 'dag_run_id', 'task_id', 'map_index'),
        body: UpdateHitlDetail,
        response: answers(HitlDetailResponse, ...missing, 'HR_WAIT_ENDED'),
      },
    },
    async ({ params, body, principal }) => {
      const wait = await newestForm(params, context);
      const user = principal?.name ?? '';
      const { form } = wait.condition;
      if (form.assignees.length > 0 && !form.assignees.includes(user) && principal?.administrator !== true) {
        throw new ApiProblem('HR_FORBIDDEN', `"${form.subject}" is for ${form.assignees.join(', ')} to answer, not for ${user}`);
      }
      const { to, reason } = afterWait(wait, 'met');
      const answer = validAnswer(wait, body.chosen_options, body.params_input ?? {});
      const ending = { waitId: wait.waitId, outcome: 'met', to, reason, user, json: JSON.stringify(answer) } as const;
      if (wait.ended !== undefined || !(await deps.waits.endWaits([ending])).has(wait.waitId)) {
        throw new ApiProblem('HR_WAIT_ENDED', `"${form.subject}" has been answered before, or its task no longer waits for it`);
      }
      const { chosen, input } = presentAnswer(form.schema, answer);
      return {
        responded_by: { id: user, name: user },
        responded_at: dateTime(Date.now()),
        chosen_options: [...chosen],
        params_input: input,
      };
    },
  );
};

function validAnswer({ condition: { form } }: FormWait, chosen: readonly string[], input: Readonly<Record<string, unknown>>): unknown {
  const answer = answerOf(form.schema, chosen, input);
  if (answer === undefined) {
    const { options, kind } = shapeOf(form.schema);
    const needed = kind === 'field' ? ' and give "value" in params_input' : '';
    throw invalid({ field: 'body.chosen_options', message: `choose of ${options.join(', ')}${needed}` });
  }
  const problems = problemsOf(form.schema, answer);
  if (problems.length > 0) {
    throw invalid(
      ...problems.map(({ path: at, message }) => ({ field: at === '' ? 'body.params_input' : `body.params_input.${at}`, message })),
    );
  }
  return answer;
}

/** The form that the task instance waits for, or waited for last; of one try if it is said which. */
async function newestForm(address: Address, { deps, lookup }: ResourceContext, tryNumber?: number): Promise<FormWait> {
  const { dag_id: dagId, dag_run_id: runId, task_id: taskId, map_index: mapIndex } = address;
  const filter = { dagId, runId, taskId, mapIndex, kinds: ['input'], ...(tryNumber === undefined ? {} : { tryNumber }) } as const;
  const { items } = await deps.waits.waits(filter, { limit: 1, offset: 0, orderBy: ['-id'] });
  const [wait] = items;
  if (wait !== undefined && isFormWait(wait)) return wait;
  await lookup.taskInstance(dagId, runId, taskId, mapIndex);
  throw new ApiProblem(
    'HR_WAIT_NOT_FOUND',
    `Task "${taskId}" of run "${runId}" of DAG "${dagId}" has asked nobody anything${tryNumber === undefined ? '' : ` in try ${tryNumber}`}`,
  );
}

async function present(wait: FormWait, { lookup, versions }: ResourceContext): Promise<HitlDetail> {
  return presentHitlDetail(wait, await lookup.taskInstance(wait.dagId, wait.runId, wait.taskId, wait.mapIndex), versions);
}

function filterOf(dagId: string, runId: string, query: Static<typeof HitlListQuery>): WaitFilter {
  const users = [...(query.responded_by_user_id ?? []), ...(query.responded_by_user_name ?? [])];
  return {
    kinds: ['input'],
    ...(dagId === ANY ? {} : { dagId }),
    ...(runId === ANY ? {} : { runId }),
    ...(query.dag_id_pattern === undefined ? {} : { dagIdPattern: query.dag_id_pattern }),
    ...(query.task_id === undefined ? {} : { taskId: query.task_id }),
    ...(query.task_id_pattern === undefined ? {} : { taskIdPattern: query.task_id_pattern }),
    ...(query.map_index === undefined ? {} : { mapIndex: query.map_index }),
    ...(query.state === undefined ? {} : { taskStatuses: query.state.map((state) => (state === 'no_status' ? 'none' : state)) }),
    ...(query.response_received === undefined ? {} : { open: !query.response_received }),
    ...(query.subject_search === undefined ? {} : { subjectPattern: query.subject_search }),
    ...(query.body_search === undefined ? {} : { bodyPattern: query.body_search }),
    ...(users.length === 0 ? {} : { users }),
    enteredAt: rangeOf(query),
  };
}

function rangeOf(query: Static<typeof HitlListQuery>): Range {
  const bounds = { gte: query.created_at_gte, gt: query.created_at_gt, lte: query.created_at_lte, lt: query.created_at_lt };
  return Object.fromEntries(Object.entries(bounds).flatMap(([name, text]) => (text === undefined ? [] : [[name, toInstant(text)]])));
}
