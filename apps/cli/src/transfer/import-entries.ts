/**
 * Imports: what a file holds, one entry after the other.
 *
 * I1. Everything is checked against what is there before anything is written.
 * I2. An entry that is refused does not keep the others from being written; at the end it is said which were.
 */
import { RefusedError } from '../failures.ts';
import type { Shown } from '../output/show.ts';
import { show } from '../output/show.ts';
import { inPlace } from '../output/task-bar.ts';
import type { Entries } from './exchange-file.ts';

/** What becomes of an entry whose id is there already. */
export const ON_EXISTING = ['fail', 'skip', 'overwrite'] as const;
export type OnExisting = (typeof ON_EXISTING)[number];

export interface Import {
  /** `connection`, for what is told. */
  readonly what: string;
  readonly entries: Entries;
  readonly existing: ReadonlySet<string>;
  readonly onExisting: OnExisting;
  write(id: string, value: unknown, exists: boolean): Promise<unknown>;
}

/** Throws RefusedError when ids are there already and that is to fail it, and when entries were refused. */
export async function importEntries({ what, entries, existing, onExisting, write }: Import, shown: Shown): Promise<void> {
  const there = Object.keys(entries).filter((id) => existing.has(id));
  if (onExisting === 'fail' && there.length > 0)
    throw new RefusedError(
      `Nothing was imported: there are ${there.length} already (${there.slice(0, 5).join(', ')}${there.length > 5 ? ' …' : ''}). Say --on-existing skip, or overwrite`,
    );
  const done = { created: [] as string[], updated: [] as string[], skipped: [] as string[], refused: [] as { id: string; why: string }[] };
  const bar = inPlace(shown.terminal.stderr);
  const all = Object.entries(entries);
  for (const [index, [id, value]] of all.entries()) {
    bar.show(index, all.length, id);
    const exists = existing.has(id);
    if (exists && onExisting === 'skip') {
      done.skipped.push(id);
      continue;
    }
    try {
      await write(id, value, exists);
      (exists ? done.updated : done.created).push(id);
    } catch (error) {
      done.refused.push({ id, why: error instanceof Error ? error.message : String(error) });
    }
  }
  bar.end();
  show(
    shown,
    done,
    () => `${what}s: ${done.created.length} created, ${done.updated.length} changed, ${done.skipped.length} left as they are\n`,
  );
  if (done.refused.length > 0)
    throw new RefusedError(
      `${done.refused.length} could not be imported:\n${done.refused.map(({ id, why }) => `  ${id}: ${why}`).join('\n')}`,
    );
}
