/**
 * `headrace tasks render`: what an extract, load, transform or export task would be asked to do in a run, or a ready-made sensor to look
 * for: its SQL, paths and partitions with the run's values in their places. Nothing is done, and no connection is opened.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Configuration } from '@headrace/configuration';
import { createDagLoader } from '@headrace/dag-loader';
import { createObjectStore } from '@headrace/objects';
import { noMetrics, silentLog } from '@headrace/ports';
import { createTaskPool, writeBundle } from '@headrace/task-runtime';
import { FailedError, UsageError } from './failures.ts';
import { checkedParams, type GivenInterval, intervalOf, loadFile, pickDag, placeOf } from './test-file.ts';

export interface RenderRequest extends GivenInterval {
  readonly file: string;
  readonly dagId?: string;
  readonly taskId: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly configuration: Configuration;
}

export interface RenderedTask {
  readonly dagId: string;
  readonly taskId: string;
  readonly kind: string;
  readonly operation: unknown;
}

/** Throws UsageError for what the caller can mend, FailedError when the file does not load or cannot be rendered. */
export async function renderTask(request: RenderRequest): Promise<RenderedTask> {
  const { configuration, taskId } = request;
  const scratch = await mkdtemp(join(tmpdir(), 'headrace-tasks-render-'));
  const { dagsDir, file } = await placeOf(request.file, configuration.dags);
  const loader = createDagLoader({ dagsDir, cacheDir: join(scratch, 'cache'), log: silentLog, metrics: noMetrics });
  try {
    const loaded = await loadFile(loader, file);
    const spec = pickDag(loaded, request.dagId);
    const task = spec.tasks.find((one) => one.taskId === taskId);
    if (task === undefined)
      throw new UsageError(`DAG "${spec.dagId}" has no task "${taskId}"; it has ${spec.tasks.map((one) => one.taskId).join(', ')}`);
    if (task.kind === 'task' && task.sensor?.condition === undefined)
      throw new UsageError(`Task "${taskId}" is a function: there is nothing to render`);
    const params = await checkedParams(loader, loaded, spec, request.params);
    const { intervalStart, intervalEnd } = intervalOf(spec, request);
    const bundleDir = join(scratch, 'bundles');
    const pool = createTaskPool({
      size: 1,
      executorsModule: new URL('rendering-executors.ts', import.meta.url).href,
      limits: { memoryMb: configuration.taskMemoryMb, graceMs: configuration.taskGraceSeconds * 1000 },
      environmentAllow: configuration.taskEnvAllow,
      scratchDir: join(scratch, 'tasks'),
      bundleDir,
      objects: createObjectStore(pathToFileURL(join(scratch, 'objects')).href),
      log: silentLog,
    });
    try {
      const { report, result } = await pool.run({
        attempt: {
          taskInstanceId: '1',
          attemptId: randomUUID(),
          runKey: '1',
          dagId: spec.dagId,
          runId: 'render',
          taskId,
          mapIndex: -1,
          attempt: 1,
          triesBefore: 0,
          maxTries: 1,
          claimedAt: Date.now(),
          versionId: '1',
          runType: 'manual',
          runAfter: intervalEnd ?? Date.now(),
          params,
          ...(intervalStart === undefined ? {} : { logicalDate: intervalStart, intervalStart }),
          ...(intervalEnd === undefined ? {} : { intervalEnd }),
        },
        bundle: { hash: loaded.bundle.hash, path: await writeBundle(bundleDir, loaded.bundle) },
        results: new Map(),
        connections: [],
        timeoutMs: task.executionTimeoutMs,
      });
      if (report.outcome === 'failed') throw new FailedError(report.error.stack ?? `${report.error.name}: ${report.error.message}`);
      if (result?.kind !== 'inline') throw new FailedError(`Task "${taskId}" is too large to be shown`);
      return { dagId: spec.dagId, taskId, kind: task.kind, operation: JSON.parse(result.json) };
    } finally {
      await pool.close();
    }
  } finally {
    await loader.close();
    await rm(scratch, { recursive: true, force: true });
  }
}
