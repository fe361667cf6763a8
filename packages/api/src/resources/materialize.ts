/** From the wish for an asset to the run, of the DAG that makes it, which it takes. */
import type { MaterializeAsset } from '@headrace/api-contract';
import { checkAssetEvent, intervalOfKey } from '@headrace/core';
import type { AssetRecord, TriggerRequest } from '@headrace/ports';
import type { ApiDeps } from '../deps.ts';
import { ApiProblem } from '../http/api-problem.ts';
import type { Lookup } from './lookup.ts';
import { type Caller, toTriggerRequest } from './trigger.ts';

export async function toMaterialization(
  { spec, producing }: AssetRecord,
  { partition_key: partition, ...body }: MaterializeAsset,
  caller: Caller,
  lookup: Lookup,
  validateParams: ApiDeps['validateParams'],
): Promise<TriggerRequest> {
  const dag = await lookup.dag(onlyProducer(spec.name, [...new Set(producing.map((task) => task.dagId))]));
  const { allowedRunTypes, ...dagSpec } = dag.spec;
  if (allowedRunTypes !== undefined && !allowedRunTypes.includes('asset_materialization')) {
    throw new ApiProblem(
      'HR_RUN_TYPE_NOT_ALLOWED',
      `DAG "${dag.dagId}" allows no asset_materialization runs, only ${allowedRunTypes.join(', ')}`,
    );
  }
  const asked = await toTriggerRequest({ ...dag, spec: dagSpec }, body, caller, validateParams);
  const request: TriggerRequest = { ...asked, runType: 'asset_materialization' };
  if (partition == null) return request;
  checkAssetEvent(spec, { partition });
  const interval = spec.partitions === undefined ? undefined : intervalOfKey(spec.partitions, partition);
  const isGiven = asked.intervalStart !== undefined || interval === undefined;
  return { ...request, partitionKey: partition, ...(isGiven ? {} : { intervalStart: interval.start, intervalEnd: interval.end }) };
}

function onlyProducer(asset: string, dagIds: readonly string[]): string {
  const [dagId] = dagIds;
  if (dagId === undefined) throw new ApiProblem('HR_ASSET_NOT_PRODUCED', `No DAG has a task that makes asset "${asset}"`);
  if (dagIds.length > 1) {
    throw new ApiProblem(
      'HR_ASSET_PRODUCED_TWICE',
      `Several DAGs make asset "${asset}" (${dagIds.join(', ')}): trigger the one that you mean`,
    );
  }
  return dagId;
}
