/** Small DAGs for tests. */
import type { DagSpec, RetryPolicy, TaskSpec } from '@headrace/core';

const NO_RETRIES: RetryPolicy = { max: 0, delayMs: 0, backoff: 'fixed', maxDelayMs: 0, jitter: 0, rules: [] };

export function taskSpec(taskId: string, upstream: readonly string[] = [], more: Partial<TaskSpec> = {}): TaskSpec {
  return {
    taskId,
    kind: 'task',
    upstream: [...upstream].sort(),
    triggerRule: 'all_success',
    retries: NO_RETRIES,
    executionTimeoutMs: 3_600_000,
    queue: 'default',
    pool: 'default_pool',
    poolSlots: 1,
    priorityWeight: 1,
    inputs: {},
    connections: [],
    ...more,
  };
}

export function retries(max: number, delayMs = 0): RetryPolicy {
  return { ...NO_RETRIES, max, delayMs, maxDelayMs: delayMs };
}

export function dagSpec(dagId: string, tasks: readonly TaskSpec[], more: Partial<DagSpec> = {}): DagSpec {
  return {
    formatVersion: 1,
    dagId,
    tags: [],
    owners: [],
    schedule: { kind: 'manual' },
    catchup: { kind: 'off' },
    maxActiveRuns: 16,
    maxActiveTasks: 16,
    pausedUponCreation: false,
    paramsDefault: {},
    tasks: tasks.toSorted((a, b) => (a.taskId < b.taskId ? -1 : 1)),
    ...more,
  };
}

export const DAILY = { kind: 'cron', expression: '@daily', timezone: 'UTC', interval: 'cron' } as const;
