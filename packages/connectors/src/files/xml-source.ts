/** XML, streamed: an element that is a record becomes one line of texts. Only one record is held in memory. */
import { join } from 'node:path';
import { DataError } from '@headrace/dataplane';
import { transcoded } from './encodings.ts';
import { assertUnchanged, bytesOf, write } from './local-text.ts';
import type { OpenFile, SourceFile } from './source-file.ts';
import { openRecords } from './text-records.ts';
import { XmlRecords } from './xml-records.ts';

export const openXml: OpenFile = async (source, place, work) => {
  const { url, index } = source;
  const { settings } = place;
  const record = String(settings.record);
  const records = new XmlRecords({ record, url, ignoreNamespaces: settings.ignoreNamespaces === true });
  const lines = async function* (): AsyncGenerator<Buffer> {
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    for await (const chunk of text(source, settings.encoding, work))
      yield Buffer.from(records.write(decoder.decode(chunk, { stream: true })));
    yield Buffer.from(records.end());
  };
  const file = join(work.scratch, `records-${index}.ndjson`);
  await write(lines(), file, url, work);
  await assertUnchanged(source);
  if (records.found === 0)
    throw new DataError(
      'HR_NO_RECORDS',
      `${url} has no element "${record}". Its elements are ${[...records.elements].slice(0, 20).join(', ')}`,
    );
  return openRecords({ file, url, keys: [...records.keys], quarantine: settings.badRows === 'quarantine' }, place, work);
};

/** The document as UTF-8. Its encoding is the one that is given, else that of its byte order mark, else what it says of itself. */
async function* text(source: SourceFile, given: unknown, work: Parameters<OpenFile>[2]): AsyncGenerator<Buffer> {
  const bytes = bytesOf(source, work);
  const first = await bytes.next();
  const head: Buffer = first.done ? Buffer.alloc(0) : first.value;
  const encoding = given === undefined ? declaredEncoding(head) : String(given);
  const all = async function* (): AsyncGenerator<Buffer> {
    yield head;
    yield* bytes;
  };
  yield* transcoded(all(), { encoding, url: source.url, onBad: 'fail' });
}

function declaredEncoding(head: Buffer): string {
  const mark = head.subarray(0, 4).toString('hex');
  if (mark.startsWith('fffe') || mark === '3c003f00') return 'utf-16le';
  if (mark.startsWith('feff') || mark === '003c003f') return 'utf-16be';
  return (
    /^(?:\xef\xbb\xbf)?<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z0-9._-]+)["']/.exec(head.subarray(0, 1000).toString('latin1'))?.[1] ??
    'utf-8'
  );
}
