import { type Static, Type } from 'typebox';
import { DateTime, JsonObject, Nullable } from './scalars.ts';

export const LogMessage = Type.Object({
  event: Type.String(),
  timestamp: Type.Optional(DateTime),
  level: Type.Optional(Type.String()),
  /** What wrote it: the task's log, its stdout or its stderr. */
  logger: Type.Optional(Type.String()),
  /** What the task logged with the message. */
  fields: Type.Optional(JsonObject),
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
    map_index: Type.Integer({ minimum: -1, default: -1 }),
    token: Type.Optional(Type.String({ maxLength: 200 })),
  },
  { additionalProperties: false },
);
