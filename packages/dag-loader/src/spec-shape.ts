/**
 * The shape of a canonical graph, as the evaluation child must send it: every field that there is, and no other. Whether its values make
 * sense is for the core's `validateDag`.
 */
import type { DagSpec } from '@headrace/core';
import { z } from 'zod';

const milliseconds = z.number().int().min(0);
const instant = z.number().int();
const text = z.string();
const texts = z.array(z.string());

const timeUnit = z.enum(['hour', 'day', 'week', 'month', 'quarter', 'year']);

const mapping = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('identity') }),
  z.strictObject({ kind: z.literal('to_unit'), unit: timeUnit }),
  z.strictObject({ kind: z.literal('rollup'), unit: timeUnit }),
  z.strictObject({ kind: z.literal('allowed'), keys: texts }),
  z.strictObject({ kind: z.literal('offset'), by: z.number().int() }),
]);

const condition = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('asset'), name: text, mapping: mapping.optional() }),
  z.strictObject({
    kind: z.literal('all'),
    get of() {
      return z.array(condition);
    },
  }),
  z.strictObject({
    kind: z.literal('any'),
    get of() {
      return z.array(condition);
    },
  }),
]);

const onePartition = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('time'), every: timeUnit, timezone: text, startAt: instant.optional() }),
  z.strictObject({ kind: z.literal('static'), keys: texts }),
  z.strictObject({ kind: z.literal('dynamic') }),
]);
const partition = z.union([onePartition, z.strictObject({ kind: z.literal('product'), dimensions: z.record(z.string(), onePartition) })]);

const target = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('webhook'), connection: text }),
  z.strictObject({ kind: z.literal('email'), connection: text, to: texts }),
  z.strictObject({ kind: z.literal('code'), hook: text }),
]);

const asset = z.strictObject({
  name: text,
  uri: text.optional(),
  group: text.optional(),
  extra: z.record(z.string(), z.unknown()).optional(),
  partitions: partition.optional(),
  freshness: z.strictObject({ withinMs: milliseconds, notify: z.array(target) }).optional(),
});

const length = z.union([z.literal('trigger'), z.strictObject({ lengthMs: milliseconds })]);
const step = z.union([
  z.strictObject({ unit: z.literal('ms'), count: milliseconds }),
  z.strictObject({ unit: z.enum(['day', 'month']), count: z.number().int(), timezone: text }),
]);
const jitterMs = milliseconds.optional();

const timetable = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('cron'),
    expression: text,
    timezone: text,
    interval: z.union([z.literal('cron'), length]),
    partitioned: z.boolean().optional(),
    jitterMs,
  }),
  z.strictObject({ kind: z.literal('crons'), expressions: texts, timezone: text, interval: length, jitterMs }),
  z.strictObject({ kind: z.literal('interval'), every: step, jitterMs }),
  z.strictObject({ kind: z.literal('delta'), every: step, interval: length, jitterMs }),
  z.strictObject({ kind: z.literal('once'), jitterMs }),
  z.strictObject({ kind: z.literal('continuous'), jitterMs }),
  z.strictObject({ kind: z.literal('events'), at: z.array(instant), restrict: z.boolean(), description: text.optional(), jitterMs }),
  z.strictObject({ kind: z.literal('custom'), name: text, description: text.optional(), jitterMs }),
]);

const schedule = z.union([
  z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('manual') }),
    z.strictObject({ kind: z.literal('assets'), when: condition }),
    z.strictObject({ kind: z.literal('assets_and_time'), when: condition, time: timetable }),
    z.strictObject({ kind: z.literal('assets_or_time'), when: condition, time: timetable }),
  ]),
  timetable,
]);

const repeat = { max: z.number().int(), delayMs: milliseconds };

const expand = z.strictObject({
  combine: z.enum(['product', 'zip']),
  over: z.array(
    z.strictObject({
      argument: text,
      source: z.discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('literal'), length: milliseconds }),
        z.strictObject({ kind: z.literal('result'), taskId: text }),
      ]),
    }),
  ),
});

const group = z.strictObject({
  groupId: text,
  parent: text.optional(),
  doc: text.optional(),
  expand: expand.optional(),
  loop: z.strictObject({ gate: text, maxIterations: z.number().int() }).optional(),
  retries: z.strictObject(repeat).optional(),
});

const limits = z.strictObject({
  maxActive: z.number().int().optional(),
  maxActivePerRun: z.number().int().optional(),
  concurrency: z.array(z.strictObject({ key: text, limit: z.number().int() })).optional(),
  rate: z.array(z.strictObject({ key: text, tokens: z.number().int(), perMs: milliseconds, burst: z.number().int() })).optional(),
});

const task = z.strictObject({
  taskId: text,
  kind: z.enum(['task', 'extract', 'load', 'transform', 'export']),
  upstream: texts,
  triggerRule: text,
  retries: z.strictObject({
    max: z.number(),
    delayMs: milliseconds,
    backoff: z.enum(['fixed', 'exponential']),
    maxDelayMs: milliseconds,
    jitter: z.number(),
    rules: z.array(z.strictObject({ error: text, action: z.enum(['fail', 'retry']), delayMs: milliseconds.optional() })),
  }),
  executionTimeoutMs: milliseconds,
  queue: text,
  pool: text,
  poolSlots: z.number(),
  priorityWeight: z.number(),
  inputs: z.record(z.string(), z.string()),
  connections: texts,
  doc: text.optional(),
  role: z.enum(['setup', 'teardown']).optional(),
  setups: texts.optional(),
  failsRun: z.boolean().optional(),
  decides: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('branch') }),
      z.strictObject({ kind: z.literal('short_circuit'), reach: z.enum(['all', 'direct']) }),
    ])
    .optional(),
  group: text.optional(),
  expand: expand.optional(),
  mapIndexTemplate: text.optional(),
  dependsOnPast: z.boolean().optional(),
  waitForDownstream: z.boolean().optional(),
  weightRule: z.enum(['downstream', 'upstream', 'absolute']).optional(),
  limits: limits.optional(),
  outlets: texts.optional(),
  inlets: texts.optional(),
  notices: z.array(z.strictObject({ on: z.array(z.enum(['success', 'failure', 'retry', 'skipped'])), via: target })).optional(),
  sensor: z
    .strictObject({
      mode: z.enum(['poke', 'reschedule', 'deferred']),
      everyMs: milliseconds,
      timeoutMs: milliseconds,
      softFail: z.boolean(),
      condition: text.optional(),
    })
    .optional(),
});

const deadline = z.strictObject({
  name: text,
  from: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('run_queued') }),
    z.strictObject({ kind: z.literal('logical_date') }),
    z.strictObject({ kind: z.literal('interval_end') }),
    z.strictObject({ kind: z.literal('fixed'), at: instant }),
    z.strictObject({ kind: z.literal('average_runtime'), maxRuns: z.number().int(), minRuns: z.number().int() }),
  ]),
  withinMs: z.number().int(),
  predict: z.boolean(),
  notify: z.array(target),
});

const spec = z.strictObject({
  formatVersion: z.literal(1),
  dagId: text,
  description: text.optional(),
  doc: text.optional(),
  tags: texts,
  owners: texts,
  schedule,
  startAt: instant.optional(),
  endAt: instant.optional(),
  catchup: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('off') }),
    z.strictObject({ kind: z.literal('all') }),
    z.strictObject({ kind: z.literal('window'), windowMs: milliseconds }),
  ]),
  maxActiveRuns: z.number(),
  maxActiveTasks: z.number(),
  pausedUponCreation: z.boolean(),
  paramsSchema: z.record(z.string(), z.unknown()).optional(),
  paramsDefault: z.record(z.string(), z.unknown()),
  tasks: z.array(task),
  groups: z.array(group).optional(),
  overlap: z.enum(['allow', 'skip', 'buffer_one', 'buffer_all', 'cancel_other', 'terminate_other']).optional(),
  runTimeoutMs: milliseconds.optional(),
  runRetries: z.strictObject({ ...repeat, from: z.enum(['failed', 'start']) }).optional(),
  runOutcome: z.enum(['leaves', 'any_failed']).optional(),
  maxConsecutiveFailedRuns: z.number().int().optional(),
  assets: z.array(asset).optional(),
  partitions: partition.optional(),
  notices: z.array(z.strictObject({ on: z.array(z.enum(['success', 'failure'])), via: target })).optional(),
  deadlines: z.array(deadline).optional(),
  allowedRunTypes: z.array(z.enum(['scheduled', 'manual', 'backfill', 'asset_triggered', 'asset_materialization'])).optional(),
});

export const specShape = spec.transform((value) => value as DagSpec);
