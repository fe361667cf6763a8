/** Sensors that need no function, more of them than the worker has slots. */
import { files, http, postgres, waitForFile, waitForHttp, waitForRows } from '@headrace/connectors';
import { dag, task, text } from '@headrace/sdk';
import { z } from 'zod';

const often = { every: '1s', timeout: '2 minutes' } as const;

export default dag('conditions', { params: z.object({ day: z.string() }) }, ({ params }) => {
  const file = waitForFile('file', { ...often, in: files('landing'), glob: text`${params.day}/*.csv`, unchangedFor: '100 ms' });
  const rows = waitForRows('rows', {
    ...often,
    in: postgres('pos'),
    sql: 'select count(*) as n from public.closed where day = $day::date',
    values: { day: params.day },
    columns: { n: 'int8' },
  });
  const answer = waitForHttp('answer', { ...often, in: http('partner'), path: 'state', json: { at: 'state', is: 'done' } });
  task('next', { in: { file, rows, answer } }, ({ file, rows, answer }) => [
    file[0]?.path,
    String(rows.n),
    (answer.body as { state: string }).state,
  ]);
  task('plain', () => 'at once');
});
