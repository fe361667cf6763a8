/** A notice in words, for mail. */

type Payload = Readonly<Record<string, unknown>>;

/** What happened, by the event's name. `%` is what it happened to. */
const PHRASES: Readonly<Record<string, string>> = {
  'task.success': 'task % succeeded',
  'task.failure': 'task % failed',
  'task.retry': 'task % failed and will be tried again',
  'task.skipped': 'task % was skipped',
  'run.success': 'the run succeeded',
  'run.failure': 'the run failed',
  'dag.paused': 'the DAG paused itself',
  'deadline.missed': 'deadline % was missed',
  'deadline.predicted': 'deadline % will be missed',
  'freshness.missed': 'asset % is out of date',
  'freshness.predicted': 'asset % will be out of date',
};

/** Facts in the order in which a reader wants them; whatever else a payload has comes after. */
const FIRST = ['event', 'dagId', 'runId', 'taskId', 'mapIndex', 'state', 'reason', 'error', 'dueAt', 'expectedAt'];

export function emailText(payload: Payload): { readonly subject: string; readonly text: string } {
  const event = String(payload.event ?? '');
  const about = payload.taskId ?? payload.deadline ?? payload.asset ?? '';
  const phrase = (PHRASES[event] ?? event).replace('%', () => `"${String(about)}"`);
  const place = [payload.dagId, payload.runId].filter((part) => typeof part === 'string').join(' ');
  const names = [...FIRST.filter((name) => name in payload), ...Object.keys(payload).filter((name) => !FIRST.includes(name))];
  const lines = names.flatMap((name) => factLines(name, payload[name]));
  return { subject: oneLine(`[headrace] ${place}: ${phrase}`), text: `${phrase}\n\n${lines.join('\n')}\n` };
}

function factLines(name: string, value: unknown): readonly string[] {
  if (value === undefined || value === null || (name === 'mapIndex' && value === -1)) return [];
  if (Array.isArray(value)) return [`${name}: ${value.map(String).join(', ')}`];
  if (typeof value === 'object') return Object.entries(value).flatMap(([part, inner]) => factLines(`${name}.${part}`, inner));
  return [`${name}: ${String(value)}`];
}

/** A subject is one header line, whatever stands in an id. */
function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim().slice(0, 200);
}
