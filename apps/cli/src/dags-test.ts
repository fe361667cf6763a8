/**
 * `headrace dags test`: one run in this process, by the scheduler and the worker of production over a database in memory.
 *
 * V1. Tasks run as on a worker: in task processes, with the connections they declared and nothing else.
 * V2. Everything it writes lies in a temporary folder that is removed at the end.
 */
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Configuration } from '@headrace/configuration';
import { type DagSpec, type Instant, type Milliseconds, nextFire, parseCron } from '@headrace/core';
import { createDagLoader, type DagLoader } from '@headrace/dag-loader';
import { createObjectStore } from '@headrace/objects';
import { type LoadedFile, noMetrics, silentLog } from '@headrace/ports';
import { createTaskPool } from '@headrace/task-runtime';
import { createLog } from '@headrace/telemetry';
import { driveRun, type RunOfTest } from './dags-test-run.ts';
import { FailedError, UsageError } from './failures.ts';
import { printingLogs } from './output/printing-logs.ts';
import type { TextSink } from './terminal.ts';

export interface DagTestRequest {
  readonly file: string;
  readonly dagId?: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly intervalStart?: Instant;
  readonly intervalEnd?: Instant;
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
    const loaded = await load(loader, file);
    const spec = pick(loaded, request.dagId);
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

/** The DAG folder, when the file lies in it; else the file's own folder. */
async function placeOf(given: string, dags: string): Promise<{ dagsDir: string; file: string }> {
  const path = await realpath(resolve(given)).catch(() => {
    throw new UsageError(`There is no file ${resolve(given)}`);
  });
  const folder = await realpath(dags).catch(() => undefined);
  if (folder === undefined || !path.startsWith(folder + sep)) return { dagsDir: dirname(path), file: basename(path) };
  return { dagsDir: folder, file: relative(folder, path).replaceAll(sep, '/') };
}

async function load(loader: DagLoader, file: string): Promise<LoadedFile> {
  const loaded = await loader.loadFile(file);
  if ('bundle' in loaded) return loaded;
  const place = [loaded.file, loaded.line, loaded.column].filter((part) => part !== undefined).join(':');
  throw new FailedError(`${place}: ${loaded.message}`);
}

function pick({ dags, file }: LoadedFile, wanted: string | undefined): DagSpec {
  const ids = dags.map(({ spec }) => spec.dagId);
  const found = wanted === undefined ? dags.slice(0, dags.length === 1 ? 1 : 0) : dags.filter(({ spec }) => spec.dagId === wanted);
  const [only] = found;
  if (only !== undefined) return only.spec;
  if (ids.length === 0) throw new UsageError(`${file} defines no DAG: it must export one, e.g. export default dag('my_dag', …)`);
  throw new UsageError(
    wanted === undefined
      ? `${file} has several DAGs; say which: --dag ${ids.join(' | --dag ')}`
      : `${file} has no DAG "${wanted}"; it has ${ids.join(', ')}`,
  );
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

async function checkedParams(
  loader: DagLoader,
  loaded: LoadedFile,
  spec: DagSpec,
  params: DagTestRequest['params'],
): Promise<DagTestRequest['params']> {
  if (Object.keys(params).length === 0) return spec.paramsDefault;
  const verdict = await loader.validateParams({ bundleCode: loaded.bundle.code, dagId: spec.dagId, params });
  if (verdict.kind === 'valid') return verdict.params;
  throw new UsageError(
    `The params do not fit the DAG:${verdict.issues.map(({ path, message }) => `\n  --param ${path.join('.')}: ${message}`).join('')}`,
  );
}

function intervalOf(
  { schedule }: DagSpec,
  { intervalStart, intervalEnd }: DagTestRequest,
): { intervalStart?: Instant; intervalEnd?: Instant } {
  if (intervalStart === undefined) {
    if (intervalEnd !== undefined) throw new UsageError('--interval-end needs --interval-start');
    return {};
  }
  const end = intervalEnd ?? intervalStart + lengthFrom(schedule, intervalStart);
  if (end < intervalStart) throw new UsageError('--interval-end lies before --interval-start');
  return { intervalStart, intervalEnd: end };
}

function lengthFrom(schedule: DagSpec['schedule'], start: Instant): Milliseconds {
  if (schedule.kind !== 'cron' || schedule.interval === 'trigger') return 0;
  return schedule.interval === 'cron'
    ? nextFire(parseCron(schedule.expression), schedule.timezone, start) - start
    : schedule.interval.lengthMs;
}
