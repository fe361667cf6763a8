import { approval, dag, input, sensor, task, waitForRun, waitUntil } from '@headrace/sdk';
import { z } from 'zod';

/** None of these holds a slot, or a process, while it waits, and all of them survive a restart of everything. */
export default dag('example_waiting', { tags: ['example'] }, () => {
  // Inside of a task: it ends at the wait and is run again from its beginning when that is over, as the same try.
  const answer = task('ask_another_system', async ({ wait, log }) => {
    await wait.for('10 minutes');
    const found = await wait.poll(() => (Date.now() > 0 ? { rows: 3 } : undefined), { every: '1 minute', timeout: '2 hours' });
    log.info(`found ${found.rows}`);
    return found.rows;
  });

  const landed = sensor('file_has_landed', { every: '5 minutes', timeout: '6 hours', softFail: true }, () => true);
  const morning = waitUntil('six_o_clock', { at: '2026-01-01T06:00Z' });
  task('begin', { in: { answer }, after: [landed, morning] }, ({ answer }) => answer);
});

/** Waits for the run of another DAG with the same logical date. */
export const other = dag('example_wait_for_run', { tags: ['example'] }, () => {
  const upstream = waitForRun('upstream_dag', { dag: 'hello', timeout: '1 day' });
  task('go_on', { after: upstream }, () => 'went on');
});

/** Waits for people: they answer by `headrace tasks answer`, or in the API. */
export const people = dag('example_people', { tags: ['example'] }, () => {
  const amount = input('how_much', { subject: 'What may it cost?', schema: z.object({ euros: z.number().min(0) }), timeout: '2 days' });
  const yes = approval('may_it_go_out', { subject: 'Send the report?', after: amount, assignees: ['anna'], onReject: 'skip' });
  task('send', { in: { amount, yes } }, ({ amount }) => `sent for ${amount.euros} €`);
});
