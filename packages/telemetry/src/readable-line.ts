/** A JSON log line as a person reads it: `07:26:36.120 warn  worker: Message  queue=extract`. Stacks follow on lines of their own. */
const first = new Set(['time', 'level', 'name', 'pid', 'msg']);

export function readableLine(line: string): string {
  const record = JSON.parse(line) as Record<string, unknown>;
  const stacks: string[] = [];
  const fields = Object.entries(record)
    .filter(([key]) => !first.has(key))
    .map(([key, value]) => {
      if (isError(value)) {
        stacks.push(value.stack ?? value.message);
        return `${key}=${JSON.stringify(value.message)}`;
      }
      return `${key}=${typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)}`;
    });
  const head = `${String(record.time).slice(11, 23)} ${String(record.level).padEnd(5)} ${record.name}: ${record.msg}`;
  return `${[[head, ...fields].join('  '), ...stacks].join('\n')}\n`;
}

function isError(value: unknown): value is { message: string; stack?: string } {
  return typeof value === 'object' && value !== null && 'type' in value && 'message' in value && typeof value.message === 'string';
}
