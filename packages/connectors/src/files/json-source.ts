/** JSON: a list of objects, or one object after the other. Values are read as the text they are written as, then typed. */
import { join } from 'node:path';
import { transcoded } from './encodings.ts';
import { JsonRecords } from './json-records.ts';
import { assertUnchanged, bytesOf, write } from './local-text.ts';
import type { OpenFile } from './source-file.ts';
import { openRecords, RefusedFile } from './text-records.ts';

export const openJson: OpenFile = async (source, place, work) => {
  const { url, index } = source;
  const { settings } = place;
  const quarantine = settings.badRows === 'quarantine';
  const whole = Object.entries(place.columns ?? {}).flatMap(([name, type]) => (type === 'json' || type.endsWith('[]') ? [name] : []));
  const refused = new RefusedFile(source, work);
  const records = new JsonRecords(url, whole, quarantine ? (record) => refused.add(record) : undefined);
  const encoding = String(settings.encoding ?? 'utf-8');
  const lines = async function* (): AsyncGenerator<string> {
    for await (const chunk of transcoded(bytesOf(source, work), { encoding, url, onBad: 'fail' })) {
      yield records.write(chunk);
      await refused.flush();
    }
    yield records.end();
    await refused.flush();
  };
  const file = join(work.scratch, `records-${index}.ndjson`);
  await write(lines(), file, url, work);
  await assertUnchanged(source);
  const keys = [...records.keys.keys()].map((key) => JSON.parse(Buffer.from(key, 'latin1').toString()) as string);
  return openRecords({ file, url, keys, quarantine, ...refused.query }, place, work);
};
