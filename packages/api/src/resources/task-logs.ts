import { type LogMessage, TaskLog, TaskLogQuery } from '@headrace/api-contract';
import { formatLogMessage, parseLogLine } from '../answers/log-message.ts';
import { acceptedForm } from '../http/accepted-form.ts';
import { invalid } from '../http/api-problem.ts';
import { answers, path, permit } from '../http/route-schema.ts';
import type { Routes } from './context.ts';
import { offsetOf, readLogChunk, streamLog, tokenOf } from './log-chunks.ts';
import { isLive, tryOf, withoutLog } from './log-of-try.ts';

const CHUNK_BYTES = 256 * 1024;

/** How a line is written in each form that can be streamed. */
const STREAMED: Readonly<Record<string, (message: LogMessage) => string>> = {
  'application/x-ndjson': (message) => JSON.stringify(message),
  'text/plain': formatLogMessage,
};

export const taskLogRoutes: Routes = async (app, { deps: { objects, logKeyOf }, lookup }) => {
  app.get(
    '/dags/:dag_id/dagRuns/:dag_run_id/taskInstances/:task_id/logs/:try_number',
    {
      ...permit('read', 'run'),
      schema: {
        operationId: 'get_log',
        tags: ['Task Instance'],
        description: 'JSON in chunks, each with a token for the next; NDJSON or plain text of the whole log by the Accept header.',
        params: path('dag_id', 'dag_run_id', 'task_id', 'try_number'),
        querystring: TaskLogQuery,
        forms: ['application/json', ...Object.keys(STREAMED)],
        response: answers(TaskLog, 'HR_TASK_INSTANCE_NOT_FOUND', 'HR_TRY_NOT_FOUND', 'HR_NOT_ACCEPTABLE'),
      },
    },
    async ({ params, query, headers }, reply): Promise<TaskLog> => {
      const form = acceptedForm('A log', headers.accept, ['application/json', ...Object.keys(STREAMED)]);
      const offset = query.token === undefined ? 0 : offsetOf(query.token);
      if (offset === undefined)
        throw invalid({ field: 'query.token', message: 'is not a token of this API; leave it out to read from the start' });
      const record = await lookup.taskInstance(params.dag_id, params.dag_run_id, params.task_id, query.map_index);
      const tried = await tryOf(record, params.try_number, lookup);
      const logKey = tried.logKey ?? (tried.attempt > 0 ? logKeyOf(tried) : undefined);
      const live = isLive(tried);
      const render = STREAMED[form];
      if (render !== undefined) {
        const lines =
          logKey === undefined
            ? withoutLog(tried).map(render).join('\n')
            : streamLog(objects, logKey, CHUNK_BYTES, (line) => render(parseLogLine(line)));
        // The schema describes the JSON form; the other two are texts.
        return reply
          .type(`${form}; charset=utf-8`)
          .serializer(String)
          .send(lines as never);
      }
      if (logKey === undefined) return { content: withoutLog(tried), continuation_token: live ? tokenOf(0) : null };
      const size = query.full_content ? Number.MAX_SAFE_INTEGER : CHUNK_BYTES;
      const { lines, next, atEnd } = await readLogChunk(objects, logKey, offset, size, live);
      return { content: lines.map(parseLogLine), continuation_token: atEnd && !live ? null : tokenOf(next) };
    },
  );
};
