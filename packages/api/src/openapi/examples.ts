/** Requests that people can copy, by operation. Each is checked against the operation's schema by a test. */

interface Example {
  readonly summary: string;
  readonly value: unknown;
}

export const EXAMPLES: Readonly<Record<string, Readonly<Record<string, Example>>>> = {
  trigger_dag_run: {
    now: { summary: 'A run now, with the default params', value: {} },
    with_params: {
      summary: 'A run with params of its own',
      value: { dag_run_id: 'by-hand-1', conf: { limit: 10 }, note: 'after the outage' },
    },
    of_a_date: { summary: 'The run of a logical date', value: { logical_date: '2024-05-01T00:00:00Z' } },
  },
  patch_dag: {
    pause: { summary: 'Pause it', value: { is_paused: true } },
    go_on: { summary: 'Let it run', value: { is_paused: false } },
  },
  patch_dag_run: {
    cancel: { summary: 'Cancel the run', value: { state: 'failed' } },
    again: { summary: 'Run all of it anew', value: { state: 'queued' } },
  },
  post_clear_task_instances: {
    failed: { summary: 'Run the failed tasks of a run again', value: { dry_run: false, dag_run_id: 'by-hand-1', only_failed: true } },
    from_a_task: {
      summary: 'What would run again, from one task on',
      value: { dry_run: true, dag_run_id: 'by-hand-1', task_ids: ['load'], include_downstream: true, only_failed: false },
    },
  },
  create_backfill: {
    may: {
      summary: 'A month, three runs at a time',
      value: { dag_id: 'store_sales_daily', from_date: '2024-05-01T00:00:00Z', to_date: '2024-05-31T00:00:00Z', max_active_runs: 3 },
    },
  },
  post_pool: { small: { summary: 'Two slots', value: { name: 'warehouse', slots: 2, description: 'What the warehouse can take' } } },
  post_connection: {
    postgres: {
      summary: 'A PostgreSQL database',
      value: { connection_id: 'shop', conn_type: 'postgres', host: 'db.example.com', login: 'reader', password: 'secret', schema: 'shop' },
    },
  },
  create_asset_event: { of_a_table: { summary: 'Something outside has made it', value: { asset_id: 4, extra: { rows: 120 } } } },
};
