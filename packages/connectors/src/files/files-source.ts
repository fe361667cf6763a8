/** Reads files of any kind it knows, from any root. */
import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { DataError, firstLines, localFile, type SourceConnector, urlOf, type Work } from '@headrace/dataplane';
import { openCsv } from './csv-source.ts';
import { openJson } from './json-source.ts';
import { openParquet } from './parquet-source.ts';
import type { OpenFile } from './source-file.ts';
import { openXml } from './xml-source.ts';

const KINDS: Readonly<Record<string, OpenFile>> = { csv: openCsv, json: openJson, xml: openXml, parquet: openParquet };

export const filesSource: SourceConnector = {
  async open(source, work) {
    const open = KINDS[source.kind];
    if (!open) throw new DataError('HR_FILE_KIND', `Files cannot be read as "${source.kind}"; use ${Object.keys(KINDS).join(', ')}`);
    const path = String(source.settings.name);
    const root = await work.root(source.connection);
    const file = await localFile(root, path, work, 'files');
    const url = urlOf(root, path);
    return open({ file: path.endsWith('.gz') ? await unpack(file, url, work) : file, url }, source, work);
  },
};

/** Here and not in DuckDB, which takes a file that was cut off for a whole one. */
async function unpack(file: string, url: string, { scratch, signal }: Work): Promise<string> {
  const unpacked = join(scratch, 'unpacked');
  try {
    await pipeline(createReadStream(file), createGunzip(), createWriteStream(unpacked), { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw new DataError(
      'HR_FILE_DAMAGED',
      `${url} cannot be unpacked: ${firstLines(error, 1)}. It was cut off or changed on its way: bring it again`,
      { cause: error },
    );
  }
  return unpacked;
}
