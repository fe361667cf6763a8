import { DataError } from '@headrace/dataplane';
import type { OperationExecutor } from '@headrace/sdk';
import { lookForFile } from './look-for-file.ts';
import { lookForHttp } from './look-for-http.ts';
import { lookForRows } from './look-for-rows.ts';

const LOOKS: ReadonlyMap<unknown, OperationExecutor> = new Map([
  ['files', lookForFile],
  ['postgres', lookForRows],
  ['http', lookForHttp],
]);

/** Looks once for what a ready-made sensor waits for; undefined: not yet. Throws DataError. */
export const look: OperationExecutor = async (request) => {
  const { connector } = request.operation;
  const found = LOOKS.get(connector);
  if (found === undefined)
    throw new DataError('HR_CONNECTOR_UNKNOWN', `No connector "${connector}" can look; known are ${[...LOOKS.keys()].join(', ')}`);
  return found(request);
};
