import type { ConnectionReference } from './definition.ts';
import { CONNECTION_BRAND, REFERENCE_BRAND } from './definition.ts';
import { checkId } from './ids.ts';

/** A connection by its id, as connectors hold it. Throws HR_BAD_ID. */
export function connection(id: string): ConnectionReference {
  checkId('connection', id);
  return Object.freeze({ [CONNECTION_BRAND]: true as const, connectionId: id });
}

function isConnection(value: unknown): value is ConnectionReference {
  return typeof value === 'object' && value !== null && (value as Partial<ConnectionReference>)[CONNECTION_BRAND] !== undefined;
}

/** Ids of all connections inside a value: an operation's are found, so that nobody has to list them. */
export function connectionsIn(value: unknown): Set<string> {
  const found = new Set<string>();
  const seen = new Set<object>();
  const pending: unknown[] = [value];
  while (pending.length > 0) {
    const each = pending.pop();
    if (typeof each !== 'object' || each === null || seen.has(each)) continue;
    seen.add(each);
    if (REFERENCE_BRAND in each) continue;
    if (isConnection(each)) found.add(each.connectionId);
    else pending.push(...Object.values(each));
  }
  return found;
}
