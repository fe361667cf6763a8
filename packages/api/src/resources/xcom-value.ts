/** The value of a result, wherever it is kept. */
import { buffer } from 'node:stream/consumers';
import type { ApiDeps } from '../deps.ts';

/** JSON as it is stored: what JSON does not have (bigint, dates, decimals) is in its stored form. Undefined: there is no result. */
export async function valueOfResult(
  taskInstanceId: string,
  { queries, objects }: Pick<ApiDeps, 'queries' | 'objects'>,
): Promise<string | undefined> {
  const stored = await queries.result(taskInstanceId);
  if (stored === undefined) return undefined;
  return stored.kind === 'inline' ? stored.json : (await buffer(await objects.get(stored.key))).toString('utf8');
}
