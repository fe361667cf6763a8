/** Server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html */

export interface ServerEvent {
  readonly id?: string;
  readonly event?: string;
  /** JSON. Absent: a comment, by which the connection is known to be alive. */
  readonly data?: unknown;
}

/** As it is sent. JSON has no line ends, so that data is one line. */
export function formatEvent({ id, event, data }: ServerEvent): string {
  if (data === undefined) return ':\n\n';
  return `${id === undefined ? '' : `id: ${id}\n`}${event === undefined ? '' : `event: ${event}\n`}data: ${JSON.stringify(data)}\n\n`;
}

/** No proxy may gather events, or keep them. */
export const EVENT_STREAM_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
} as const;
