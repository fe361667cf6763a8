/** What tasks wait for, and the calls that end the waits of webhooks. */
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { WaitCollection, WaitEnded, WaitListQuery } from '@headrace/api-contract';
import { afterWait } from '@headrace/core';
import type { WaitFilter, WaitRecord, WaitStore } from '@headrace/ports';
import { Type } from 'typebox';
import { presentWait } from '../answers/wait.ts';
import { ApiProblem } from '../http/api-problem.ts';
import { answers, path, permit } from '../http/route-schema.ts';
import type { Routes } from './context.ts';
import { pageOf } from './page.ts';

const tags = ['Wait'];
/** A task may announce the address a moment before its wait is stored: a call that comes at once is not sent away. */
const NOT_YET_TRIES = 10;
const NOT_YET_MS = 100;

export const waitRoutes: Routes = async (app, { deps: { waits } }) => {
  app.get(
    '/waits',
    {
      ...permit('read', 'run'),
      schema: { operationId: 'get_waits', tags, querystring: WaitListQuery, response: answers(WaitCollection, 'HR_UNKNOWN_ORDER') },
    },
    async ({ query }) => {
      const filter: WaitFilter = {
        ...(query.dag_id === undefined ? {} : { dagId: query.dag_id }),
        ...(query.dag_run_id === undefined ? {} : { runId: query.dag_run_id }),
        ...(query.task_id === undefined ? {} : { taskId: query.task_id }),
        ...(query.kind === undefined ? {} : { kinds: query.kind }),
        ...(query.open ? { open: true } : {}),
      };
      const { items, total } = await waits.waits(filter, pageOf(query));
      return { waits: items.map(presentWait), total_entries: total };
    },
  );

  app.post(
    '/waits/:wait_token',
    {
      // Who knows the token may call: it is 256 random bits, given to nobody but the one who is to call.
      config: { access: 'public' },
      schema: {
        operationId: 'call_wait',
        tags,
        params: path('wait_token'),
        body: Type.Unknown(),
        response: answers(WaitEnded, 'HR_WAIT_NOT_FOUND', 'HR_WAIT_ENDED'),
      },
    },
    async ({ params, body }) => {
      const wait = await waitOf(params.wait_token, waits);
      if (wait.ended !== undefined) throw ended(wait);
      const { to, reason } = afterWait(wait, 'met');
      const endings = [{ waitId: wait.waitId, outcome: 'met', to, reason, json: JSON.stringify(body ?? null) } as const];
      if (!(await waits.endWaits(endings)).has(wait.waitId)) throw ended(wait);
      return { outcome: 'met' } as const;
    },
  );
};

async function waitOf(token: string, waits: Pick<WaitStore, 'byToken'>): Promise<WaitRecord> {
  const tokenHash = createHash('sha256').update(token).digest('hex');
  for (let tries = 1; ; tries++) {
    const wait = await waits.byToken(tokenHash);
    if (wait !== undefined) return wait;
    if (tries === NOT_YET_TRIES) throw new ApiProblem('HR_WAIT_NOT_FOUND', 'No task has given out this address');
    await delay(NOT_YET_MS);
  }
}

function ended({ dagId, runId, taskId }: WaitRecord): ApiProblem {
  return new ApiProblem(
    'HR_WAIT_ENDED',
    `Task "${taskId}" of run "${runId}" of DAG "${dagId}" no longer waits for this call: it has come before, or the task was cleared, cancelled or timed out`,
  );
}
