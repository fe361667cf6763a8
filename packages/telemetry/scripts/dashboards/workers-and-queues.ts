import { bars, type Dashboard, greatest, lines, quantiles, rate, stat, table } from './panels.ts';

const queue = '{queue=~"$queue"}';

export const workersAndQueues: Dashboard = {
  uid: 'headrace-workers',
  title: 'Headrace: workers and queues',
  about: 'Whether there are enough workers, where tasks wait, and what becomes of attempts.',
  variables: [{ name: 'queue', label: 'Queue', values: 'label_values(headrace_queue_workers, queue)' }],
  rows: [
    {
      title: 'Queues',
      panels: [
        stat('Workers', '', greatest('headrace_workers')[0], 'short', { width: 6 }),
        stat('Slots', 'Of all workers.', 'sum(headrace_worker_slots)', 'short', { width: 6 }),
        stat('Slots in use', '', 'headrace:worker_slots_used:ratio', 'percentunit', {
          width: 6,
          thresholds: [{ from: 0.95, colour: 'orange' }],
        }),
        stat('Queues reachable', '', greatest('headrace_queue_up')[0], 'short', { width: 6 }),
        lines('Tasks that wait for a worker', 'They have a slot of their pool.', 'short', [
          greatest('headrace_queue_tasks_queued', 'queue', queue),
        ]),
        lines('Tasks that run', '', 'short', [greatest('headrace_queue_tasks_running', 'queue', queue)]),
        lines('Messages in the queue', '', 'short', [greatest('headrace_queue_depth', 'queue', queue)]),
        lines('Longest wait', '', 's', [greatest('headrace_queue_oldest_seconds', 'queue', queue)]),
        lines('Wait for a worker', 'From the slot to the claim.', 's', quantiles('headrace_task_queue_delay_seconds', queue, 'queue')),
        lines('Wait for a slot', 'From being ready to the slot.', 's', quantiles('headrace_task_slot_delay_seconds', queue, 'queue')),
        lines('Slots of the workers', 'By queue.', 'short', [greatest('headrace_queue_slots', 'queue', queue)]),
        lines('Messages sent', 'Those sent again had been lost.', 'ops', [
          ['sum(rate(headrace_dispatched_total[$__rate_interval]))', 'sent'],
          ['sum(rate(headrace_redispatched_total[$__rate_interval]))', 'sent again'],
          ['sum(rate(headrace_dispatch_failures_total[$__rate_interval]))', 'failures'],
        ]),
      ],
    },
    {
      title: 'Pools',
      panels: [
        lines('Slots in use', '', 'short', [greatest('headrace_pool_slots_used', 'pool')]),
        lines('Slots that are waited for', '', 'short', [greatest('headrace_pool_tasks_waiting', 'pool')]),
        table(
          'Pools',
          'Slots by the state of the tasks that have or want them.',
          'max by (pool, state) (headrace_pool_slots_by_state) > 0',
          'short',
          {
            width: 12,
          },
        ),
        table('Size of pools', '', 'max by (pool) (headrace_pool_slots)'),
      ],
    },
    {
      title: 'Attempts',
      panels: [
        bars('Begun', '', 'ops', [rate('headrace_attempts_started_total', 'queue', queue)]),
        lines('Lost, fenced, not renewed', 'Workers that died, hang or were cut off.', 'ops', [
          rate('headrace_attempts_lost_total', 'reason'),
          ['sum(rate(headrace_attempts_fenced_total[$__rate_interval]))', 'fenced'],
          ['sum(rate(headrace_lease_renewal_failures_total[$__rate_interval]))', 'renewal failed'],
        ]),
        lines('Slots in use by worker', '', 'short', [['headrace_worker_slots_used', '{{instance}}']]),
        lines('Task processes', '', 'short', [['sum by (state) (headrace_task_processes)', '{{state}}']]),
        lines('Start of a task process', '', 's', quantiles('headrace_task_process_start_seconds')),
        lines('Task processes that ended', '', 'ops', [rate('headrace_task_processes_ended_total', 'reason')]),
      ],
    },
  ],
};
