/**
 * The stores of what belongs to DAGs, as the caller may see them. Every method is named: one that is new to a port does not get
 * through before somebody has said here whose it is.
 */
import type {
  CommandStore,
  DataReportStore,
  NoticeStore,
  ProgressStore,
  QueryStore,
  RunCommands,
  VersionStore,
  WaitStore,
} from '@headrace/ports';
import { BackfillNotFoundError } from '@headrace/ports';
import type { ApiDeps } from '../deps.ts';
import { mayAll, mayRead, requireOnDag, type VisibleDags } from './may.ts';

type ReadNotices = Pick<NoticeStore, 'list' | 'get' | 'redeliver'>;
type ReadWaits = Pick<WaitStore, 'waits' | 'byToken' | 'endWaits'>;

export function readableQueries(store: QueryStore, dags: VisibleDags): QueryStore {
  return {
    dags: async (filter, page) => store.dags(await dags.narrow(filter), page),
    dag: async (dagId) => (mayRead('dag', dagId) ? store.dag(dagId) : undefined),
    dagIds: async () => (await dags.narrow({ dagIds: await store.dagIds() })).dagIds ?? [],
    version: async (dagId, number) => (mayRead('dag', dagId) ? store.version(dagId, number) : undefined),
    // A file's error is about all of its DAGs; one that has none is for those who may see all.
    importErrors: async (page, filter = {}) => store.importErrors(page, await dags.narrow(filter)),
    runs: async (filter, page) => store.runs(await dags.narrow(filter), page),
    run: async (dagId, runId) => (mayRead('run', dagId) ? store.run(dagId, runId) : undefined),
    taskInstances: async (filter, page) => store.taskInstances(await dags.narrow(filter), page),
    taskInstance: async (dagId, ...rest) => (mayRead('run', dagId) ? store.taskInstance(dagId, ...rest) : undefined),
    async tries(taskInstanceId) {
      const tries = await store.tries(taskInstanceId);
      return tries.filter(({ dagId }) => mayRead('run', dagId));
    },
    async result(taskInstanceId, attempt) {
      return (await isReadable(taskInstanceId)) ? store.result(taskInstanceId, attempt) : undefined;
    },
    results: async (filter, page) => store.results(await dags.narrow(filter), page),
    runCounts: async (filter) => store.runCounts(await dags.narrow(filter)),
    tags: async (filter, page) => store.tags(await dags.narrow(filter), page),
    warnings: async (filter, page) => store.warnings(await dags.narrow(filter), page),
    favorites: async (user) => (await store.favorites(user)).filter((dagId) => mayRead('dag', dagId)),
    health: () => store.health(),
    liveCounts: () => store.liveCounts(),
  };

  async function isReadable(taskInstanceId: string): Promise<boolean> {
    return mayAll('read', 'run') || (await store.tries(taskInstanceId)).some(({ dagId }) => mayRead('run', dagId));
  }
}

export function readableCommands(store: CommandStore, queries: Pick<QueryStore, 'tries'>): CommandStore {
  /** Of a task instance that is named by its id. */
  async function requireOnTask(taskInstanceId: string): Promise<void> {
    if (mayAll('operate', 'run')) return;
    const [record] = await queries.tries(taskInstanceId);
    if (record !== undefined) requireOnDag('operate', 'run', record.dagId);
  }
  const onDag =
    <Args extends unknown[], Answer>(command: (dagId: string, ...rest: Args) => Promise<Answer>) =>
    async (dagId: string, ...rest: Args): Promise<Answer> => {
      requireOnDag('operate', 'run', dagId);
      return command(dagId, ...rest);
    };
  const onTask =
    <Args extends unknown[], Answer>(command: (taskInstanceId: string, ...rest: Args) => Promise<Answer>) =>
    async (taskInstanceId: string, ...rest: Args): Promise<Answer> => {
      await requireOnTask(taskInstanceId);
      return command(taskInstanceId, ...rest);
    };
  return {
    async trigger(request) {
      requireOnDag('operate', 'run', request.dagId);
      return store.trigger(request);
    },
    setPaused: onDag((dagId, paused) => store.setPaused(dagId, paused)),
    // A run's key is had from a run that was found.
    setNote: (runKey, note) => store.setNote(runKey, note),
    setTaskNote: onTask((id, note) => store.setTaskNote(id, note)),
    loadRun: async (dagId, runId) => (mayRead('run', dagId) ? store.loadRun(dagId, runId) : undefined),
    saveCommand: (decision, command, version) => store.saveCommand(decision, command, version),
    runIds: async (dagId, logicalDate) => (mayRead('run', dagId) ? store.runIds(dagId, logicalDate) : []),
    latestVersion: async (dagId) => (mayRead('dag', dagId) ? store.latestVersion(dagId) : undefined),
    deleteRun: onDag((dagId, runId) => store.deleteRun(dagId, runId)),
    deleteTaskInstance: onTask((id) => store.deleteTaskInstance(id)),
    deleteDag: onDag((dagId) => store.deleteDag(dagId)),
    async setFavorite(user, dagId, favorite) {
      requireOnDag('read', 'dag', dagId);
      return store.setFavorite(user, dagId, favorite);
    },
    setResult: onTask((id, change) => store.setResult(id, change)),
  };
}

export function readableRunCommands(commands: RunCommands): RunCommands {
  const checked =
    <Args extends unknown[], Answer>(command: (dagId: string, ...rest: Args) => Promise<Answer>) =>
    async (dagId: string, ...rest: Args): Promise<Answer> => {
      requireOnDag('operate', 'run', dagId);
      return command(dagId, ...rest);
    };
  return {
    cancelRun: checked((dagId, ...rest: [string, string?]) => commands.cancelRun(dagId, ...rest)),
    markRun: checked((dagId, ...rest: [string, 'success' | 'failed', string?]) => commands.markRun(dagId, ...rest)),
    clear: checked((dagId, ...rest: Rest<RunCommands['clear']>) => commands.clear(dagId, ...rest)),
    markTasks: checked((dagId, ...rest: Rest<RunCommands['markTasks']>) => commands.markTasks(dagId, ...rest)),
  };
}

type Rest<Command> = Command extends (first: string, ...rest: infer Args) => unknown ? Args : never;

export function readableVersions(store: VersionStore, dags: VisibleDags): VersionStore {
  return {
    list: async (filter, page) => store.list(await dags.narrow(filter), page),
    load: async (dagId, number) => (mayRead('dag', dagId) ? store.load(dagId, number) : undefined),
  };
}

export function readableNotices(store: ReadNotices, dags: VisibleDags): ReadNotices {
  const get: ReadNotices['get'] = async (id) => {
    const found = await store.get(id);
    // One that is about no DAG is for those who may see all.
    const isReadable = found?.dagId === undefined ? mayAll('read', 'notice') : mayRead('notice', found.dagId);
    return isReadable ? found : undefined;
  };
  return {
    list: async (filter, page) => store.list(await dags.narrow(filter), page),
    get,
    async redeliver(id) {
      const found = await get(id);
      if (found === undefined) return false;
      if (found.dagId !== undefined) requireOnDag('operate', 'notice', found.dagId);
      return store.redeliver(id);
    },
  };
}

export function readableWaits(store: ReadWaits, dags: VisibleDags): ReadWaits {
  return {
    waits: async (filter, page) => store.waits(await dags.narrow(filter), page),
    // Who knows the token may call; who ends a wait has found it by one of these two.
    byToken: (tokenHash) => store.byToken(tokenHash),
    endWaits: (endings) => store.endWaits(endings),
  };
}

export function readableDataReports(store: DataReportStore, dags: VisibleDags): DataReportStore {
  return {
    loads: async (filter, page) => store.loads(await dags.narrow(filter), page),
    checks: async (filter, page) => store.checks(await dags.narrow(filter), page),
    newestLoads: async (place, page) => store.newestLoads(await dags.narrow(place), page),
  };
}

export function readableProgress(store: Pick<ProgressStore, 'ofRun'>): Pick<ProgressStore, 'ofRun'> {
  return { ofRun: async (dagId, ...rest) => (mayRead('run', dagId) ? store.ofRun(dagId, ...rest) : []) };
}

type ReadBackfills = ApiDeps['backfills'];

export function readableBackfills(store: ReadBackfills): ReadBackfills {
  const get: ReadBackfills['get'] = async (id) => {
    const found = await store.get(id);
    return found !== undefined && mayRead('backfill', found.dagId) ? found : undefined;
  };
  async function requireOperate(id: string): Promise<void> {
    if (mayAll('operate', 'backfill')) return;
    const found = await get(id);
    if (found === undefined) throw new BackfillNotFoundError(id);
    requireOnDag('operate', 'backfill', found.dagId);
  }
  return {
    async create(backfill) {
      requireOnDag('operate', 'backfill', backfill.dagId);
      return store.create(backfill);
    },
    get,
    list: async (dagId, page) => (mayRead('backfill', dagId) ? store.list(dagId, page) : { items: [], total: 0 }),
    runs: async (id, page) => ((await get(id)) === undefined ? { items: [], total: 0 } : store.runs(id, page)),
    async setPaused(id, paused) {
      await requireOperate(id);
      return store.setPaused(id, paused);
    },
    async cancel(id) {
      await requireOperate(id);
      return store.cancel(id);
    },
    existing: async (dagId, dates) => (mayRead('backfill', dagId) ? store.existing(dagId, dates) : []),
  };
}
