import { setTimeout as wait } from 'node:timers/promises';
import { noMetrics, silentLog } from '@headrace/ports';
import { describe, expect, test } from '@jest/globals';
import { type DagLoader, type DagWatch, watchDags } from '../src/index.ts';
import { type DagFolder, dagFolder, goodDag } from './dag-folder.ts';
import { MemoryCatalog } from './memory-catalog.ts';

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 400; tries += 1) {
    if (holds()) return;
    await wait(25);
  }
  throw new Error(`It did not come to pass that ${what}`);
}

function startWatch(folder: DagFolder, loader: DagLoader, catalog: MemoryCatalog): Promise<DagWatch> {
  return watchDags({ loader, catalog, dagsDir: folder.dagsDir, log: silentLog, metrics: noMetrics });
}

/** Runs `body` while the folder is watched. */
async function watching(folder: DagFolder, loader: DagLoader, catalog: MemoryCatalog, body: () => Promise<void>): Promise<void> {
  const watch = await startWatch(folder, loader, catalog);
  try {
    await watch.ready;
    await body();
  } finally {
    await watch.close();
  }
}

describe('the catalog follows the folder', () => {
  test('200 unchanged files cost nothing, in the same process and in the next one', async () => {
    await using folder = await dagFolder({ '_shared.ts': 'export const shared = 1;' });
    for (let index = 0; index < 200; index += 1) {
      await folder.write(
        `team-${index % 7}/dag-${index}.ts`,
        goodDag(`dag_${index}`, index % 50 === 0 ? "import { shared } from '../_shared.ts'; export const used = shared;" : ''),
      );
    }
    // What was written at the moment of a look is looked at once more.
    await wait(50);
    const catalog = new MemoryCatalog();
    const first = folder.loader();
    await watching(folder, first, catalog, async () => {
      expect(catalog.dagIds()).toHaveLength(200);
      expect(first.parsed()).toBe(200);
    });
    await watching(folder, first, catalog, async () => expect(first.parsed()).toBe(200));
    await first.close();

    const second = folder.loader();
    catalog.writes.length = 0;
    await watching(folder, second, catalog, async () => expect([second.parsed(), catalog.writes]).toEqual([0, []]));
    await second.close();

    // A changed helper is a change of the files that import it, and of no other.
    await folder.write('_shared.ts', 'export const shared = 2;');
    const third = folder.loader();
    await watching(folder, third, catalog, async () => {
      expect(third.parsed()).toBe(4);
      expect([...catalog.writes].sort()).toEqual(
        ['save team-0/dag-0.ts', 'save team-1/dag-50.ts', 'save team-2/dag-100.ts', 'save team-3/dag-150.ts'].sort(),
      );
    });
    await third.close();

    // A catalog that lost everything is filled again, from the cache.
    const empty = new MemoryCatalog();
    const fourth = folder.loader();
    await watching(folder, fourth, empty, async () => {
      expect(empty.dagIds()).toHaveLength(200);
      expect(fourth.parsed()).toBe(0);
    });
  }, 60_000);

  test('a new, a changed, a helper-changed, a broken, a mended and a deleted file are seen', async () => {
    await using folder = await dagFolder({
      'a.ts': goodDag('a', "import { n } from './_n.ts'; export { n };"),
      '_n.ts': 'export const n = 1;',
    });
    const catalog = new MemoryCatalog();
    const hashOf = (file: string) => catalog.loaded.get(file)?.bundle.hash;
    await watching(folder, folder.loader(), catalog, async () => {
      expect(catalog.dagIds()).toEqual(['a']);
      await folder.write('new/b.ts', goodDag('b'));
      await until('b is registered', () => catalog.dagIds().includes('b'));

      const before = hashOf('a.ts');
      await folder.write('_n.ts', 'export const n = 2;');
      await until('a has the new helper', () => hashOf('a.ts') !== before);

      await folder.write('new/b.ts', 'export default dag(');
      await until('b has an import error', () => catalog.errors.has('new/b.ts'));
      expect(catalog.dagIds()).toEqual(['a', 'b']);

      await folder.write('new/b.ts', goodDag('b2'));
      await until('b is mended', () => catalog.dagIds().includes('b2') && catalog.errors.size === 0);

      await folder.remove('new/b.ts');
      await until('b is gone', () => !catalog.loaded.has('new/b.ts'));
      expect(catalog.dagIds()).toEqual(['a']);
    });
  });

  test('a change while the folder is looked at is seen by another look', async () => {
    await using folder = await dagFolder({ 'a.ts': goodDag('a') });
    const catalog = new MemoryCatalog();
    const save = catalog.saveFile.bind(catalog);
    let edited = false;
    catalog.saveFile = async (file) => {
      const saved = await save(file);
      if (!edited) {
        edited = true;
        await folder.write('a.ts', goodDag('a2'));
        // Longer than the event takes to arrive: it comes during this look.
        await wait(300);
      }
      return saved;
    };
    await watching(folder, folder.loader(), catalog, async () => {
      await until('the edit is registered', () => catalog.dagIds().includes('a2'));
    });
  });

  test('a missing helper that appears mends the file that wants it', async () => {
    await using folder = await dagFolder({ 'a.ts': goodDag('a', "import './_later.ts';") });
    const catalog = new MemoryCatalog();
    await watching(folder, folder.loader(), catalog, async () => {
      expect(catalog.errors.get('a.ts')?.code).toBe('HR_DAG_UNRESOLVED_IMPORT');
      await folder.write('_later.ts', 'export {};');
      await until('a is registered', () => catalog.dagIds().includes('a'));
    });
  });

  test('of two files with one DAG the later is refused, until the other lets go of it', async () => {
    await using folder = await dagFolder({ 'a.ts': goodDag('same'), 'b.ts': goodDag('same') });
    const catalog = new MemoryCatalog();
    await watching(folder, folder.loader(), catalog, async () => {
      expect(catalog.errors.get('b.ts')).toMatchObject({ code: 'HR_DUPLICATE_DAG', message: expect.stringContaining('a.ts') });
      expect(catalog.holder('same')).toBe('a.ts');
      await folder.remove('a.ts');
      await until('b holds the DAG', () => catalog.holder('same') === 'b.ts' && catalog.errors.size === 0);
    });
  });

  test('a slow file keeps no other from being seen', async () => {
    await using folder = await dagFolder({ 'loop.ts': goodDag('loop', 'for (;;);') });
    const catalog = new MemoryCatalog();
    await watching(folder, folder.loader({ timeoutMs: 6000 }), catalog, async () => {
      await folder.write('quick.ts', goodDag('quick'));
      await until('quick is registered', () => catalog.dagIds().includes('quick'));
      expect(catalog.errors.has('loop.ts')).toBe(false);
      await until('the loop is found out', () => catalog.errors.get('loop.ts')?.code === 'HR_DAG_TIMEOUT');
    });
  });

  test('what could not be saved is saved when the store is back', async () => {
    await using folder = await dagFolder({ 'a.ts': goodDag('a') });
    const catalog = new MemoryCatalog();
    catalog.outage = new Error('the store is away');
    await watching(folder, folder.loader(), catalog, async () => {
      expect(catalog.dagIds()).toEqual([]);
      catalog.outage = undefined;
      await until('a is registered', () => catalog.dagIds().includes('a'));
    });
  });
});
