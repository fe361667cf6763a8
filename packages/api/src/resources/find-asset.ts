/** Finds the asset that an address names, or says that there is none. */
import { AssetNotFoundError, type AssetRecord, type AssetStore } from '@headrace/ports';

/** @throws AssetNotFoundError */
export async function findAsset(
  assets: Pick<AssetStore, 'asset'>,
  by: { readonly assetId: string } | { readonly name: string },
): Promise<AssetRecord> {
  const found = await assets.asset(by);
  if (found === undefined) throw new AssetNotFoundError('assetId' in by ? by.assetId : by.name);
  return found;
}
