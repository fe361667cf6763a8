/** Answers that come bit by bit: lines of JSON, and server-sent events. */

export interface ServerEvent {
  /** Send it as `Last-Event-ID` to go on after this event. */
  readonly id: string | undefined;
  /** `message` where the server names none. */
  readonly event: string;
  readonly data: unknown;
}

/** The values of an `application/x-ndjson` answer, each as soon as its line is whole. */
export async function* readLines<Value = unknown>(response: Response): AsyncGenerator<Value> {
  for await (const line of linesOf(response)) if (line.trim() !== '') yield JSON.parse(line) as Value;
}

/** The events of a `text/event-stream` answer; comments are passed over. Data is JSON, as the API sends it. */
export async function* readEvents(response: Response): AsyncGenerator<ServerEvent> {
  let id: string | undefined;
  let event = 'message';
  let data: string[] = [];
  for await (const line of linesOf(response)) {
    if (line === '') {
      if (data.length > 0) yield { id, event, data: JSON.parse(data.join('\n')) };
      event = 'message';
      data = [];
      continue;
    }
    const [, field, value = ''] = /^([^:]*)(?:: ?(.*))?$/.exec(line) ?? [];
    if (field === 'id') id = value;
    if (field === 'event') event = value;
    if (field === 'data') data.push(value);
  }
}

async function* linesOf(response: Response): AsyncGenerator<string> {
  if (response.body === null) return;
  let rest = '';
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split(/\r\n|\n/);
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}
