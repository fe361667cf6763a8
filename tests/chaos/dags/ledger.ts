/** Fifty parallel lanes of ten tasks, each of which writes down that it ran. */
import { dag, type TaskDefinition, task } from '@headrace/sdk';
import pg from 'pg';

const LANES = 50;
const STEPS = 10;

/** Of this process: to connect for each task would be most of the test's work. */
let pool: pg.Pool | undefined;

function ledger(url: string): pg.Pool {
  if (pool === undefined) {
    pool = new pg.Pool({ connectionString: url, max: 1 });
    pool.on('error', () => {});
  }
  return pool;
}

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
            const sql = ledger(connection('ledger').url);
            // Each execution is told apart: a second one of the same attempt breaks the key and the test.
            await sql.query('insert into execution (run_id, task_id, attempt) values ($1, $2, $3)', [runId, taskId, attempt]);
            await new Promise((resolve) => setTimeout(resolve, 20));
            await sql.query('insert into effect (run_id, task_id, attempt) values ($1, $2, $3) on conflict (run_id, task_id) do nothing', [
              runId,
              taskId,
              attempt,
            ]);
          },
        );
      }
    }
  },
);
