/** An object store that also prints task logs as they come in: each line once, with its task's name before it. */
import { text } from 'node:stream/consumers';
import type { ObjectStore } from '@headrace/ports';
import type { TextSink } from '../terminal.ts';
import { formatLogLine } from './log-line.ts';

/** `logs/<dag>/<run>/<task>/<map index>/<attempt>.jsonl`, as the task runtime names them. */
const LOG_KEY = /^logs\/[^/]+\/[^/]+\/([^/]+)\/[^/]+\/\d+\.jsonl$/;

interface StoredLine {
  readonly ts: string;
  readonly level: string;
  readonly stream: string;
  readonly message: string;
  readonly fields?: Record<string, unknown>;
}

export function printingLogs(store: ObjectStore, sink: TextSink): ObjectStore {
  const printed = new Map<string, number>();

  async function print(key: string, taskId: string): Promise<void> {
    const start = printed.get(key) ?? 0;
    const more = await text(await store.get(key, { start }));
    const complete = more.slice(0, more.lastIndexOf('\n') + 1);
    printed.set(key, start + Buffer.byteLength(complete));
    for (const line of complete.split('\n')) {
      if (line === '') continue;
      const { ts, level, stream, message, fields } = JSON.parse(line) as StoredLine;
      sink.write(
        `${taskId} | ${formatLogLine({ timestamp: ts, level, logger: stream, event: message, ...(fields === undefined ? {} : { fields }) })}`,
      );
    }
  }

  return {
    get: (key, range) => store.get(key, range),
    head: (key) => store.head(key),
    list: (prefix) => store.list(prefix),
    delete: (key) => store.delete(key),
    async put(key, body) {
      await store.put(key, body);
      const taskId = LOG_KEY.exec(key)?.[1];
      if (taskId !== undefined) await print(key, decodeURIComponent(taskId));
    },
  };
}
