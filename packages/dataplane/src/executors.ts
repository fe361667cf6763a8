/** The executors of extract, load, transform and export over a set of connectors. */
import type { OperationExecutor, OperationExecutors } from '@headrace/sdk';
import type { Connectors, Work } from './connector.ts';
import { DEFAULT_LIMITS, type DuckLimits, withDuck } from './duckdb.ts';
import { executeExtract } from './execute-extract.ts';
import { executeExport, executeLoad } from './execute-publish.ts';
import type { FileRoot } from './file-root.ts';
import { lakeSource } from './lake/lake-source.ts';
import { lakeTarget } from './lake/lake-target.ts';
import type { Execute } from './operation.ts';
import { metered, OperationMeter } from './operation-meter.ts';
import { packageSource } from './package/package-source.ts';
import { quarantineSource } from './quarantine/quarantine-source.ts';
import { executeTransform } from './transform/execute-transform.ts';

/** Builds the executors. The lake, packages and quarantines need no connector: they lie on whatever roots the connectors can open. */
export function createExecutors(given: Connectors, limits: DuckLimits = DEFAULT_LIMITS): OperationExecutors {
  const connectors: Connectors = {
    ...given,
    sources: { ...given.sources, lake: lakeSource, packages: packageSource, quarantine: quarantineSource },
    targets: { ...given.targets, lake: lakeTarget },
  };
  const executor =
    (execute: Execute): OperationExecutor =>
    (request) =>
      withDuck(request.scratch, request.context.signal, limits, async (duck) => {
        const roots = new Map<string, Promise<FileRoot>>();
        const { context, fence, scratch } = request;
        const meter = new OperationMeter((progress) => request.progress?.(progress));
        const work: Work = {
          duck,
          scratch,
          signal: context.signal,
          log: context.log,
          context,
          fence,
          connection: (id) => context.connection(id),
          progress: (progress) => meter.say(progress),
          ...(request.ask === undefined ? {} : { ask: request.ask }),
          root(id) {
            const open = roots.get(id) ?? connectors.openRoot(context.connection(id));
            roots.set(id, open);
            return open;
          },
        };
        try {
          return await metered(
            meter,
            () => duck.progress(),
            () => execute(request, work, connectors),
          );
        } finally {
          for (const root of await Promise.allSettled(roots.values())) {
            if (root.status === 'fulfilled') await root.value.close();
          }
        }
      });
  return {
    extract: executor(executeExtract),
    load: executor(executeLoad),
    transform: executor(executeTransform),
    export: executor(executeExport),
  };
}
