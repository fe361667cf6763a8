import type { LogMessage } from '@headrace/api-contract';

/** One line of a task's log, e.g. `02:15:00.120 info   rows read  rows=3`. */
export function formatLogLine({ timestamp, level, logger, event, fields }: LogMessage): string {
  const time = timestamp === undefined ? '' : `${timestamp.slice(11, 23)} `;
  const source = level === undefined ? '' : `${(logger === 'stdout' || logger === 'stderr' ? logger : level).padEnd(6)} `;
  const values = Object.entries(fields ?? {}).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return `${time}${source}${[event, ...values].join('  ')}\n`;
}
