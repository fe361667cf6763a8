/** What the loader and its evaluation child say to each other over one socket: a line of JSON each way, strictly in turn. */
import type { TimetableQuestion } from '@headrace/core';
import { z } from 'zod';
import { specShape } from './spec-shape.ts';

interface RequestBase {
  readonly id: number;
  /** Repeated in the answer. A line without it was written by the DAG file itself. */
  readonly nonce: string;
  /** Path of the bundle, a file named after its hash. */
  readonly bundle: string;
}

export type EvaluationRequest =
  | (RequestBase & { readonly kind: 'evaluate' })
  | (RequestBase & { readonly kind: 'params'; readonly dagId: string; readonly params: unknown })
  | (RequestBase & { readonly kind: 'timetable'; readonly dagId: string; readonly name: string; readonly question: TimetableQuestion });

const positions = z.array(z.tuple([z.number().int(), z.number().int()])).max(100);

const problem = z.object({
  kind: z.literal('problem'),
  name: z.string().max(1000),
  code: z.string().max(200).optional(),
  message: z.string().max(100_000),
  stack: z.string().max(100_000),
  positions,
});

const interval = z.strictObject({ start: z.number().int(), end: z.number().int(), runAfter: z.number().int().optional() });

const answer = z.discriminatedUnion('kind', [
  problem,
  z.object({
    kind: z.literal('dags'),
    dags: z.array(z.object({ spec: specShape, positions: z.array(z.tuple([z.string(), positions])) })),
    /** The specs of a second evaluation, when they are not the same text. */
    again: z.array(z.unknown()).optional(),
  }),
  z.object({
    kind: z.literal('interval'),
    /** Null: there is no further one. */
    value: interval.nullable(),
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
