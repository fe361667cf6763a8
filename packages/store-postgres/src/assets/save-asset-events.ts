/** Events of assets, saved in the transaction of the success that makes them. */
import type { NewAssetEvent } from '@headrace/ports';
import type { Queryable } from '../database.ts';

export type SourcedAssetEvent = NewAssetEvent & { readonly source?: { readonly taskInstanceId: string } };

export async function saveAssetEvents(_client: Queryable, events: readonly SourcedAssetEvent[]): Promise<void> {
  if (events.length === 0) return;
}
