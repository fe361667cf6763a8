import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DuckSession, ident, lakeTarget, newestSnapshot, type Work } from '@headrace/dataplane';
import type { Row, TargetHarness } from '@headrace/dataplane/conformance/attempts';
import { targetConformance } from '@headrace/dataplane/conformance/target';
import * as jest from '@jest/globals';
import { lake } from '../src/index.ts';
import { openRoot } from '../src/roots/open-root.ts';

targetConformance(jest, {
  name: 'A lake on the local disk',
  dispositions: ['append', 'replace', 'replace-partition', 'merge', 'scd2'],
  sequences: Number(process.env.HEADRACE_TARGET_SEQUENCES ?? 8),
  open,
});

async function open(): Promise<TargetHarness> {
  const folder = await mkdtemp(join(tmpdir(), 'headrace-lake-'));
  const connection = (id: string) => ({ id, url: pathToFileURL(folder).href });
  const root = await openRoot(connection('lake'));
  const duck = await DuckSession.open(folder, new AbortController().signal, { memoryLimit: '256MB', threads: 1 });
  // One reader at a time: a session takes one query after the other.
  let last: Promise<unknown> = Promise.resolve();
  const tableOf = (settings: Readonly<Record<string, unknown>>) => String(settings.name);
  return {
    connector: lakeTarget,
    place: async () => lake('lake').table(`raw/${randomUUID()}`),
    rows(place) {
      const next = last.then(async (): Promise<readonly Row[]> => {
        if ((await newestSnapshot(root, tableOf(place.settings))) === undefined) return [];
        const reader = { duck, root: async () => root, scratch: folder, signal: new AbortController().signal } as unknown as Work;
        const rows = await lakeTarget.inspect?.(place, reader, ({ sql, columns, query }) => {
          const list = columns.map(({ name, type }) =>
            type === 'timestamptz'
              ? `strftime(${ident(name)}, '%Y-%m-%dT%H:%M:%S.%gZ') as ${ident(name)}`
              : `cast(${ident(name)} as varchar) as ${ident(name)}`,
          );
          return query(`select ${list.join(', ')} from ${sql}`);
        });
        return rows ?? [];
      });
      last = next.catch(() => {});
      return next;
    },
    state: async ({ settings }) => newestSnapshot(root, tableOf(settings)),
    connection,
    openRoot,
    async close() {
      duck.close();
      await root.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
