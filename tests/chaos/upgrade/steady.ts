/** Three lanes of four tasks without retries, each of which writes down that it ran: what a deployment must not disturb. */
import { dag, type TaskDefinition, task } from '@headrace/sdk';
import pg from 'pg';

export default dag('steady', { maxActiveTasks: 100, maxActiveRuns: 100 }, () => {
  for (let lane = 0; lane < 3; lane++) {
    let previous: TaskDefinition | undefined;
    for (let step = 0; step < 4; step++) {
      previous = task(
        `lane_${lane}_step_${step}`,
        { connections: ['ledger'], ...(previous === undefined ? {} : { after: [previous] }) },
        async ({ connection, runId, taskId }) => {
          const client = new pg.Client({ connectionString: connection('ledger').url });
          await client.connect();
          try {
            // A second execution breaks the key, and with it the task.
            await client.query('insert into effect (run_id, task_id) values ($1, $2)', [runId, taskId]);
            await new Promise((resolve) => setTimeout(resolve, 100));
          } finally {
            await client.end();
          }
        },
      );
    }
  }
});
