/**
 * What an asset event may carry. It is checked where it is made (by the task's process, by the API), so that whoever wrote it is told;
 * the store takes what was checked.
 */
import type { AssetSpec } from '../model/asset-spec.ts';
import { nameProblem, partitionKeyProblem } from './partition-keys.ts';

/** Of the metadata of one event, as JSON text in UTF-8. */
export const MOST_EXTRA_BYTES = 64 * 1024;

export class InvalidAssetEventError extends Error {
  readonly code = 'HR_INVALID_ASSET_EVENT';
  readonly asset: string;
  constructor(asset: string, problem: string) {
    super(`The event of asset "${asset}" cannot be recorded: ${problem}`);
    this.name = 'InvalidAssetEventError';
    this.asset = asset;
  }
}

/**
 * The metadata is not secret: it is stored as it is, shown to everybody who may read the asset, and nothing in it is masked.
 * @throws InvalidAssetEventError when `extra` is no JSON object of at most 64 kB, or the partition is none of the asset's
 */
export function checkAssetEvent(asset: AssetSpec, event: { readonly partition?: string; readonly extra?: unknown }): void {
  const problem = partitionProblem(asset, event.partition) ?? extraProblem(event.extra);
  if (problem !== undefined) throw new InvalidAssetEventError(asset.name, problem);
}

function partitionProblem({ partitions }: AssetSpec, key: string | undefined): string | undefined {
  if (key === undefined) return undefined;
  const problem = partitions === undefined ? nameProblem(key) : partitionKeyProblem(partitions, key);
  return problem === undefined ? undefined : `its partition ${problem}`;
}

function extraProblem(extra: unknown): string | undefined {
  if (extra === undefined) return undefined;
  if (typeof extra !== 'object' || extra === null || Array.isArray(extra)) return 'its extra must be an object such as { rowCount: 12 }';
  let text: string;
  try {
    text = JSON.stringify(extra);
  } catch (error) {
    return `its extra must be JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
  const size = utf8Length(text);
  return size > MOST_EXTRA_BYTES
    ? `its extra has ${size} bytes of JSON, but may have ${MOST_EXTRA_BYTES}: store the data elsewhere and put its place there`
    : undefined;
}

function utf8Length(text: string): number {
  let length = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    length += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return length;
}
