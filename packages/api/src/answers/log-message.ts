/** A line of a stored task log, for programs and for people. A line that is not one of ours is shown as it is. */
import type { LogMessage } from '@headrace/api-contract';

/** Stored lines are JSON objects: `ts` (ISO 8601), `level`, `stream` (`task`, `stdout`, `stderr`, `headrace`), `message`, `fields`, `trace_id`, `span_id`. */
export function parseLogLine(line: string): LogMessage {
  if (!line.startsWith('{')) return { event: line };
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return { event: line };
  }
  if (parsed === null || typeof parsed !== 'object' || !('message' in parsed)) return { event: line };
  const { ts, level, stream, message, fields, trace_id, span_id } = parsed as Readonly<Record<string, unknown>>;
  return {
    ...(typeof ts === 'string' ? { timestamp: ts } : {}),
    ...(typeof level === 'string' ? { level } : {}),
    event: String(message),
    ...(typeof stream === 'string' ? { logger: stream } : {}),
    ...(fields !== null && typeof fields === 'object' ? { fields: fields as Record<string, unknown> } : {}),
    ...(typeof trace_id === 'string' ? { trace_id } : {}),
    ...(typeof span_id === 'string' ? { span_id } : {}),
  };
}

/** One readable line, as `text/plain` gives it. */
export function formatLogMessage({ timestamp, level, event, fields }: LogMessage): string {
  const values = Object.entries(fields ?? {}).map(
    ([name, value]) => ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return `${timestamp === undefined ? '' : `${timestamp} `}${level === undefined ? '' : `${level.toUpperCase().padEnd(5)} `}${event}${values.join('')}`;
}
