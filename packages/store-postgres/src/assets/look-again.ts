/** Has the queues of these DAGs looked at again, because what they lead to may be something else now: a run came that waits for them. */
import type { Queryable } from '../database.ts';
import { tellDuty } from '../notification.ts';

/** Parameter: DAGs. Whoever has them in hand is waited for, so that what it has not seen is not marked as looked at after this. */
const HOLD = `select from asset_consumer where dag_id = any($1) order by dag_id for update`;

/** Parameter: DAGs. */
const LOOK_AGAIN = `update queued_asset_event set looked = false where dag_id = any($1) and triggers and looked`;

export async function lookAgain(client: Queryable, dagIds: readonly string[]): Promise<void> {
  if (dagIds.length === 0) return;
  await client.query({ name: 'hold consumers', text: HOLD, values: [dagIds] });
  const { rowCount } = await client.query({ name: 'look at queues again', text: LOOK_AGAIN, values: [dagIds] });
  if ((rowCount ?? 0) > 0) await tellDuty(client, 'assets');
}
