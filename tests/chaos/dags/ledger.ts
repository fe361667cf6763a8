/** Fifty parallel lanes of ten tasks, each of which writes down that it ran. */
import { dag, type TaskDefinition, task } from '@headrace/sdk';
import pg from 'pg';

const LANES = 50;
const STEPS = 10;

export default dag(
  'ledger',
  {
    maxActiveTasks: 500,
    maxActiveRuns: 10,
    retries: { max: 5, delay: '100ms', backoff: 'fixed' },
  },
  () => {
    for (let lane = 0; lane < LANES; lane++) {
      let previous: TaskDefinition | undefined;
      for (let stepNumber = 0; stepNumber < STEPS; stepNumber++) {
        previous = task(
          `lane_${lane}_step_${stepNumber}`,
          { connections: ['ledger'], ...(previous === undefined ? {} : { after: [previous] }) },
          async ({ connection, runId, taskId, attempt }) => {
            const client = new pg.Client({ connectionString: connection('ledger').url });
            await client.connect();
            try {
              // Each execution is told apart: a second one of the same attempt breaks the key and the test.
              await client.query('insert into execution (run_id, task_id, attempt) values ($1, $2, $3)', [runId, taskId, attempt]);
              await new Promise((resolve) => setTimeout(resolve, 20));
              await client.query(
                'insert into effect (run_id, task_id, attempt) values ($1, $2, $3) on conflict (run_id, task_id) do nothing',
                [runId, taskId, attempt],
              );
            } finally {
              await client.end();
            }
          },
        );
      }
    }
  },
);
