/** Events of assets, saved in the transaction of the success that makes them. */
import type { NewAssetEvent } from '@headrace/ports';
import type { MemoryDatabase } from './database.ts';

export type SourcedAssetEvent = NewAssetEvent & { readonly source?: { readonly taskInstanceId: string } };

export function saveAssetEvents(db: MemoryDatabase, events: readonly SourcedAssetEvent[]): void {
  for (const event of events) db.assetEvents.insert(db.nextId('asset_event'), { ...event, at: db.now() });
}
