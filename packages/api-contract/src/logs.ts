import { type Static, Type } from 'typebox';
import { DateTime, JsonObject, MapIndex, Nullable, Ordinal } from './scalars.ts';

export const LogMessage = Type.Object({
  event: Type.String(),
  timestamp: Type.Optional(DateTime),
  level: Type.Optional(Type.String()),
  /** What wrote it: the task's log, its stdout or its stderr. */
  logger: Type.Optional(Type.String()),
  /** What the task logged with the message. */
  fields: Type.Optional(JsonObject),
  /** Where traces are kept: the trace of the run, and the span in which the line was written. */
  trace_id: Type.Optional(Type.String()),
  span_id: Type.Optional(Type.String()),
});
export type LogMessage = Static<typeof LogMessage>;

export const TaskLog = Type.Object({
  content: Type.Array(LogMessage),
  /** Ask again with it for what comes next. Null: this was the end. */
  continuation_token: Nullable(Type.String()),
});
export type TaskLog = Static<typeof TaskLog>;

export const TaskLogQuery = Type.Object(
  {
    /** All of it in one answer, however long. */
    full_content: Type.Boolean({ default: false }),
    map_index: Type.Integer({ ...MapIndex, default: -1 }),
    token: Type.Optional(Type.String({ maxLength: 200 })),
  },
  { additionalProperties: false },
);

export const LiveLogHeaders = Type.Object({
  'last-event-id': Type.Optional(Type.String({ maxLength: 200, description: 'The id of the last event that was received' })),
});

/** Least important first. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;

export const LogSearchQuery = Type.Object(
  {
    text: Type.Optional(Type.String({ minLength: 1, maxLength: 500, description: 'In the message or its fields, in any case' })),
    level: Type.Optional(Type.Enum([...LOG_LEVELS], { description: 'This level and those above it' })),
    task_id: Type.Optional(Type.String()),
    map_index: Type.Optional(MapIndex),
    try_number: Type.Optional(Ordinal),
    timestamp_gte: Type.Optional(DateTime),
    timestamp_lte: Type.Optional(DateTime),
    limit: Type.Integer({ minimum: 1, maximum: 1_000, default: 100 }),
    cursor: Type.Optional(Type.String({ maxLength: 200 })),
  },
  { additionalProperties: false },
);
export type LogSearchQuery = Static<typeof LogSearchQuery>;

export const LogMatch = Type.Object({
  task_id: Type.String(),
  map_index: Type.Integer(),
  try_number: Type.Integer(),
  ...LogMessage.properties,
});
export type LogMatch = Static<typeof LogMatch>;

export const LogSearchResult = Type.Object({
  /** Task instance by task instance, try by try, line by line. */
  matches: Type.Array(LogMatch),
  /** Why the search stopped before the end: it found `limit` lines, or one answer reads no more, or takes no longer. */
  cut: Nullable(Type.Enum(['matches', 'bytes', 'time'])),
  /** Ask again with it to go on. Null: the search has come to the end. */
  next_cursor: Nullable(Type.String()),
  scanned_bytes: Type.Integer(),
  scanned_logs: Type.Integer(),
});
export type LogSearchResult = Static<typeof LogSearchResult>;
