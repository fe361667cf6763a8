/** Which log belongs to a try, and whether something may still be written to it. */
import type { LogMessage } from '@headrace/api-contract';
import { isTerminal } from '@headrace/core';
import type { TaskInstanceRecord } from '@headrace/ports';
import type { Lookup } from './lookup.ts';

/** A try that has not begun yet may be asked for: its log is empty until it does. */
export async function tryOf(record: TaskInstanceRecord, tryNumber: number, lookup: Lookup): Promise<TaskInstanceRecord> {
  const notBegun = record.attempt === 0 && tryNumber <= 1;
  return notBegun ? record : lookup.try(record, tryNumber);
}

/** Something may still be written to this log. */
export function isLive({ status, logKey, endedAt }: TaskInstanceRecord): boolean {
  if (status === 'running' || status === 'restarting') return true;
  return logKey === undefined && endedAt === undefined && !isTerminal(status);
}

/** What is shown of a try that wrote no log. */
export function withoutLog({ status, reason, attempt }: TaskInstanceRecord): LogMessage[] {
  if (!isTerminal(status) || attempt > 0) return [];
  return [{ event: `The task did not run: it is ${status}${reason === undefined ? '' : ` (${reason})`}` }];
}
