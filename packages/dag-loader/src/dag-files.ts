/** Which files of the DAG folder may define DAGs. */
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';

/** Whether a file of this name, relative to the DAG folder, may define DAGs: no test, no declaration, no `_helper`. */
export function isDagFileName(file: string): boolean {
  const parts = file.split('/');
  if (!file.endsWith('.ts') || file.endsWith('.d.ts') || file.endsWith('.test.ts')) return false;
  return parts.every((part) => part !== 'node_modules' && !part.startsWith('_') && !part.startsWith('.'));
}

/**
 * All DAG files below `dagsDir` (a real path), relative to it, with `/`, in code unit order.
 * Links to folders are not followed; a link to a file counts unless the file lies in the folder anyway or cannot be reached.
 */
export async function listDagFiles(dagsDir: string): Promise<readonly string[]> {
  const found: string[] = [];
  const pending = [''];
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    for (const entry of await entriesOf(join(dagsDir, folder))) {
      const file = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        if (isDagFileName(`${file}/x.ts`)) pending.push(file);
      } else if (isDagFileName(file) && (entry.isFile() || (entry.isSymbolicLink() && (await isForeignFile(dagsDir, file))))) {
        found.push(file);
      }
    }
  }
  return found.sort();
}

async function entriesOf(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    // Removed while it was being read.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

async function isForeignFile(dagsDir: string, link: string): Promise<boolean> {
  try {
    const target = await realpath(join(dagsDir, link));
    return !target.startsWith(dagsDir + sep) && (await stat(target)).isFile();
  } catch {
    // A loop, or a link to nowhere.
    return false;
  }
}
