/**
 * `headrace dags test`: one run in this process, by the scheduler and the worker of production over a database in memory.
 *
 * V1. Tasks run as on a worker: in task processes, with the connections they declared and nothing else.
 * V2. Everything it writes lies in a temporary folder that is removed at the end.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Configuration } from '@headrace/configuration';
import type { DagSpec } from '@headrace/core';
import { createDagLoader } from '@headrace/dag-loader';
import { createObjectStore } from '@headrace/objects';
import { noMetrics, silentLog } from '@headrace/ports';
import { createTaskPool } from '@headrace/task-runtime';
import { createLog } from '@headrace/telemetry';
import { driveRun, type RunOfTest } from './dags-test-run.ts';
import { UsageError } from './failures.ts';
import { printingLogs } from './output/printing-logs.ts';
import type { TextSink } from './terminal.ts';
import { checkedParams, type GivenInterval, intervalOf, loadFile, pickDag, placeOf } from './test-file.ts';

export interface DagTestRequest extends GivenInterval {
  readonly file: string;
  readonly dagId?: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly configuration: Configuration;
  /** Gets the tasks' logs as they come. */
  readonly sink: TextSink;
}

export interface DagTest extends RunOfTest {
  readonly dagId: string;
  readonly seconds: number;
}

/** Throws UsageError for what the caller can mend, FailedError when the file does not load. */
export async function testDag(request: DagTestRequest): Promise<DagTest> {
  const { configuration, sink } = request;
  const scratch = await mkdtemp(join(tmpdir(), 'headrace-dags-test-'));
  const { dagsDir, file } = await placeOf(request.file, configuration.dags);
  const loader = createDagLoader({ dagsDir, cacheDir: join(scratch, 'cache'), log: silentLog, metrics: noMetrics });
  try {
    const loaded = await loadFile(loader, file);
    const spec = pickDag(loaded, request.dagId);
    const connections = connectionsOf(spec, configuration);
    const params = await checkedParams(loader, loaded, spec, request.params);
    const interval = intervalOf(spec, request);
    const bundleDir = join(scratch, 'bundles');
    const objects = printingLogs(createObjectStore(pathToFileURL(join(scratch, 'objects')).href), sink);
    const log = createLog({ name: 'test', level: 'warn', pretty: true, destination: { write: (line) => void sink.write(line) } });
    const pool = createTaskPool({
      size: Math.min(configuration.workerSlots, spec.tasks.length),
      executorsModule: import.meta.resolve('@headrace/connectors/executors'),
      limits: { memoryMb: configuration.taskMemoryMb, graceMs: configuration.taskGraceSeconds * 1000 },
      environmentAllow: configuration.taskEnvAllow,
      scratchDir: join(scratch, 'tasks'),
      bundleDir,
      objects,
      log,
    });
    try {
      const startedAt = performance.now();
      const run = await driveRun({
        loaded,
        spec,
        pool,
        objects,
        bundleDir,
        params,
        connections,
        ...interval,
        log,
        tell: (line) => sink.write(line),
      });
      return { dagId: spec.dagId, seconds: (performance.now() - startedAt) / 1000, ...run };
    } finally {
      await pool.close();
    }
  } finally {
    await loader.close();
    await rm(scratch, { recursive: true, force: true });
  }
}

/** All at once, before anything runs. */
function connectionsOf(spec: DagSpec, { connections }: Configuration): ReadonlyMap<string, string> {
  const declared = [...new Set(spec.tasks.flatMap((task) => task.connections))];
  const missing = declared.filter((id) => connections[id] === undefined);
  if (missing.length > 0) {
    const lines = missing.map(
      (id) =>
        `  HEADRACE_CONN_${id.toUpperCase()}=…   used by ${spec.tasks
          .filter((task) => task.connections.includes(id))
          .map((task) => task.taskId)
          .join(', ')}`,
    );
    throw new UsageError(`Connections are not configured. Set:\n${lines.join('\n')}`);
  }
  return new Map(declared.map((id) => [id, connections[id] ?? '']));
}
