/** Reads files of any kind it knows, from any root. */
import { DataError, localFile, type SourceConnector, urlOf } from '@headrace/dataplane';
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
    const path = String(source.settings['name']);
    const root = await work.root(source.connection);
    const file = await localFile(root, path, work, 'files');
    return open({ file, url: urlOf(root, path), zipped: path.endsWith('.gz') }, source, work);
  },
};
