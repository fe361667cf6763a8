/** Looks once for the files of a `waitForFile`. Nothing is read of them but what their folder or bucket says. */
import { checkedPath, type FileFacts, urlOf } from '@headrace/dataplane';
import type { OperationExecutor } from '@headrace/sdk';
import { openRoot } from '../roots/open-root.ts';
import type { FileCondition, FoundFile } from './wait-for-file.ts';

export const lookForFile: OperationExecutor = async ({ operation, context }) => {
  const condition = operation as unknown as FileCondition;
  const { path, glob = '', min, minBytes, unchangedForMs } = condition;
  const root = await openRoot(context.connection(condition.connection));
  try {
    const present = path === undefined ? await root.find(glob) : await only(root.facts(checkedPath(path)));
    const files = present.filter(({ bytes }) => bytes >= minBytes);
    const changedSince = Date.now() - unchangedForMs;
    const changing = unchangedForMs === 0 ? undefined : files.find(({ changedAt }) => changedAt.getTime() > changedSince);
    const url = urlOf(root, path ?? glob);
    const seen = { there: present.length, large_enough: files.length };
    if (files.length < min) context.log.info(`Waiting for ${url}`, seen);
    else if (changing !== undefined) context.log.info(`Waiting for ${url}: "${changing.path}" may still be written`, seen);
    else return path === undefined ? files.map(found) : found(files[0] as FileFacts);
    return undefined;
  } finally {
    await root.close();
  }
};

async function only(facts: Promise<FileFacts | undefined>): Promise<readonly FileFacts[]> {
  const one = await facts;
  return one === undefined ? [] : [one];
}

function found({ path, bytes, modifiedAt }: FileFacts): FoundFile {
  return { path, bytes, modifiedAt };
}
