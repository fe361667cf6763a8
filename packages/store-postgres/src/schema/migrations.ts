/** The migration files that this Headrace carries: `migrations/0001_name.sql` and so on, without gaps, never edited. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

export interface Migration {
  readonly version: number;
  /** The file's name. */
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of the file, in hexadecimal. */
  readonly checksum: string;
}

/** The published package carries them; in the repository they are at the top, for everybody to see. */
const [CARRIED, AT_THE_TOP] = ['../../migrations', '../../../../migrations'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
) as [string, string];
const NAME = /^(\d{4})_[a-z0-9_]+\.sql$/;

/** In order. Throws when a number is missing or there twice. */
export async function readMigrations(folder = existsSync(CARRIED) ? CARRIED : AT_THE_TOP): Promise<readonly Migration[]> {
  const names = (await readdir(folder)).filter((name) => NAME.test(name)).sort();
  return Promise.all(
    names.map(async (name, index) => {
      const version = Number(NAME.exec(name)?.[1]);
      if (version !== index + 1)
        throw new Error(`Migration ${name} must have the number ${index + 1}: numbers follow each other without gaps`);
      const sql = await readFile(`${folder}/${name}`, 'utf8');
      return { version, name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}
