/** What the loader and its evaluation child say to each other over one socket: a line of JSON each way, strictly in turn. */
import type { DagSpec } from '@headrace/core';
import { z } from 'zod';

interface RequestBase {
  readonly id: number;
  /** Repeated in the answer. A line without it was written by the DAG file itself. */
  readonly nonce: string;
  /** Path of the bundle, a file named after its hash. */
  readonly bundle: string;
}

export type EvaluationRequest =
  | (RequestBase & { readonly kind: 'evaluate' })
  | (RequestBase & { readonly kind: 'params'; readonly dagId: string; readonly params: unknown });

const positions = z.array(z.tuple([z.number().int(), z.number().int()])).max(100);

const problem = z.object({
  kind: z.literal('problem'),
  name: z.string().max(1000),
  code: z.string().max(200).optional(),
  message: z.string().max(100_000),
  stack: z.string().max(100_000),
  positions,
});

const milliseconds = z.number().int().min(0);

const spec = z.strictObject({
  formatVersion: z.literal(1),
  dagId: z.string(),
  description: z.string().optional(),
  doc: z.string().optional(),
  tags: z.array(z.string()),
  owners: z.array(z.string()),
  schedule: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('manual') }),
    z.strictObject({
      kind: z.literal('cron'),
      expression: z.string(),
      timezone: z.string(),
      interval: z.union([z.enum(['trigger', 'cron']), z.strictObject({ lengthMs: milliseconds })]),
    }),
  ]),
  startAt: z.number().int().optional(),
  endAt: z.number().int().optional(),
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
  tasks: z.array(
    z.strictObject({
      taskId: z.string(),
      kind: z.enum(['task', 'extract', 'load', 'transform', 'export']),
      upstream: z.array(z.string()),
      triggerRule: z.string(),
      retries: z.strictObject({
        max: z.number(),
        delayMs: milliseconds,
        backoff: z.enum(['fixed', 'exponential']),
        maxDelayMs: milliseconds,
        jitter: z.number(),
        rules: z.array(z.strictObject({ error: z.string(), action: z.enum(['fail', 'retry']), delayMs: milliseconds.optional() })),
      }),
      executionTimeoutMs: milliseconds,
      queue: z.string(),
      pool: z.string(),
      poolSlots: z.number(),
      priorityWeight: z.number(),
      inputs: z.record(z.string(), z.string()),
      connections: z.array(z.string()),
      doc: z.string().optional(),
    }),
  ),
});

/** A spec of the right shape; whether it makes sense is for the core's `validateDag`. */
const specShape = spec.transform((value) => value as DagSpec);

const answer = z.discriminatedUnion('kind', [
  problem,
  z.object({
    kind: z.literal('dags'),
    dags: z.array(z.object({ spec: specShape, positions: z.array(z.tuple([z.string(), positions])) })),
    /** The specs of a second evaluation, when they are not the same text. */
    again: z.array(z.unknown()).optional(),
  }),
  z.object({ kind: z.literal('valid'), value: z.record(z.string(), z.unknown()) }),
  z.object({
    kind: z.literal('invalid'),
    issues: z.array(z.object({ path: z.array(z.union([z.string(), z.number()])), message: z.string() })).max(1000),
  }),
]);

export type EvaluationAnswer = z.infer<typeof answer>;
export type EvaluationProblem = z.infer<typeof problem>;

const response = z.object({ id: z.number(), nonce: z.string(), rssBytes: z.number(), answer });

export type EvaluationResponse = z.infer<typeof response>;

/** What the child wrote, if it is an answer to this request; nothing in it is trusted. */
export function readResponse(line: string, request: EvaluationRequest): EvaluationResponse | { readonly refused: string } {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return { refused: 'it wrote something that is not JSON' };
  }
  const envelope = z.object({ id: z.number(), nonce: z.string() }).safeParse(json);
  if (!envelope.success || envelope.data.id !== request.id || envelope.data.nonce !== request.nonce)
    return { refused: 'it wrote an answer of its own' };
  const parsed = response.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  return { refused: `its DAG is not what the SDK makes: ${issue?.path.join('.')}: ${issue?.message}` };
}
