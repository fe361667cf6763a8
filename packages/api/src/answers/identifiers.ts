/** The store's numeric ids as the UUIDs that the API promises. */

/**
 * A UUID of version 8 (RFC 9562: own layout) that carries the id: the same id gives the same UUID.
 * @param kind 1 for task instances, 2 for DAG versions: ids of different things stay different.
 */
function asUuid(kind: number, id: string): string {
  const hex = BigInt.asUintN(64, BigInt(id)).toString(16).padStart(16, '0');
  return `${kind.toString(16).padStart(8, '0')}-0000-8000-8${hex.slice(1, 4)}-${hex.slice(4)}`;
}

export const taskInstanceUuid = (taskInstanceId: string): string => asUuid(1, taskInstanceId);
export const dagVersionUuid = (versionId: string): string => asUuid(2, versionId);
