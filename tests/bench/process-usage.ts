/** Memory and processor time of a process, as Linux tells. */
import { readFileSync } from 'node:fs';

/** Resident set, in MB. */
export function residentMegabytes(pid: number): number {
  return statusKilobytes(pid, 'VmRSS') / 1_024;
}

/** The largest resident set so far, in MB. */
export function peakMegabytes(pid: number): number {
  return statusKilobytes(pid, 'VmHWM') / 1_024;
}

/** Processor time used so far, in seconds. */
export function processorSeconds(pid: number): number {
  const afterName = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1] ?? '';
  const fields = afterName.split(' ');
  // utime and stime, fields 14 and 15 of proc(5), in ticks of 1/100 s.
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function statusKilobytes(pid: number, field: string): number {
  const match = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  if (match === null) throw new Error(`process ${pid} has no ${field}`);
  return Number(match[1]);
}
