/** Documents as a MongoDB application writes them: by the driver, with its own types. */
import { Binary, Double, Int32, Long, MongoClient } from 'mongodb';

type Text = string | null;

/** Column type → what a document of an application has there. */
const VALUES: Readonly<Record<string, (text: string) => unknown>> = {
  boolean: (text) => text === 'true',
  int2: (text) => new Int32(text),
  int8: (text) => Long.fromString(text),
  float8: (text) => new Double(Number(text)),
  bytes: (text) => new Binary(Buffer.from(text, 'hex')),
  json: (text) => documentOf(text),
};

/** JSON with whole numbers as 64 bits, which JavaScript's own reading would round. */
function documentOf(text: string): unknown {
  const reviver = (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
    typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? '')
      ? Long.fromString(context?.source ?? '')
      : value;
  return JSON.parse(text, reviver as (key: string, value: unknown) => unknown);
}

/** Fills a collection of `database` with rows of texts. */
export async function putDocuments(
  url: string,
  collection: string,
  columns: Readonly<Record<string, string>>,
  rows: readonly Readonly<Record<string, Text>>[],
): Promise<void> {
  const client = await new MongoClient(url).connect();
  try {
    const documents = rows.map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, text]) => [name, text === null ? null : (VALUES[columns[name] ?? '']?.(text) ?? text)]),
      ),
    );
    for (let at = 0; at < documents.length; at += 100)
      await client
        .db()
        .collection(collection)
        .insertMany(documents.slice(at, at + 100));
  } finally {
    await client.close();
  }
}
