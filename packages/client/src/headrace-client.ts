/**
 * The API, typed: one function a use, one request function below all of them.
 *
 * K1. It needs nothing but `fetch`, so that it runs in Node and in browsers.
 * K2. What is not a success is thrown: `ApiError` with the problem that the server told, `UnreachableError` when none answered.
 */
import type {
  AddedPartitions,
  AddPartitions,
  Asset,
  AssetCollection,
  AssetEvent,
  AssetEventCollection,
  Backfill,
  BackfillCollection,
  BackfillPost,
  BackfillRunCollection,
  ClearDagRun,
  ClearTaskInstances,
  ConnectionBody,
  ConnectionByUrl,
  ConnectionCollection,
  ConnectionPatch,
  ConnectionResponse,
  ConnectionTestResponse,
  ConnectionTypes,
  CreateAssetEvent,
  CursorCollection,
  CursorPatch,
  CursorResponse,
  Dag,
  DagCollection,
  DagDetails,
  DagPatch,
  DagRun,
  DagRunCollection,
  DagRunPatch,
  DagVersionCollection,
  DagVersionDiff,
  DataCheckPage,
  DataLoadPage,
  DryRunBackfillCollection,
  HealthInfo,
  HitlDetail,
  HitlDetailResponse,
  ImportErrorCollection,
  MarkTaskInstance,
  MaterializeAsset,
  Notice,
  NoticeCollection,
  PartitionCollection,
  PoolBody,
  PoolCollection,
  PoolPatch,
  PoolResponse,
  RotatedConnections,
  RunExplanation,
  TaskCollection,
  TaskExplanation,
  TaskInstance,
  TaskInstanceCollection,
  TaskInstanceTryCollection,
  TaskLog,
  TaskProgressCollection,
  TriggerDagRun,
  UpcomingRuns,
  UpdateHitlDetail,
  VersionInfo,
  WaitCollection,
  XComEntry,
} from '@headrace/api-contract';
import { ApiError, UnreachableError } from './errors.ts';

export interface ClientOptions {
  /** Without `/api/v2`: `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly token?: string;
  /** Which of our clients this is, for the history of runs. */
  readonly client?: 'cli' | 'ui';
  readonly signal?: AbortSignal;
  /** Default: the global one. */
  readonly fetch?: typeof fetch;
}

export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

interface Request {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  readonly query?: Query;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  /** Where the path begins. Default: Airflow's. */
  readonly root?: '/api/v2' | '/headrace/v1';
}

const OURS = '/headrace/v1';

export type HeadraceClient = ReturnType<typeof createClient>;

/** The client of one API. */
export function createClient(options: ClientOptions) {
  const base = options.url.replace(/\/+$/, '');
  const send = options.fetch ?? fetch;

  async function request<Answer>(
    path: string,
    { method = 'GET', query = {}, body, headers: more = {}, root = '/api/v2' }: Request = {},
  ): Promise<Answer> {
    const url = `${base}${root}${path}${searchOf(query)}`;
    const headers = {
      accept: 'application/json',
      ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
      ...(options.client === undefined ? {} : { 'headrace-client': options.client }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...more,
    };
    const init = {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    };
    let response: Response;
    let text: string;
    try {
      response = await send(url, init);
      text = await response.text();
    } catch (error) {
      if (options.signal?.aborted === true) throw error;
      throw new UnreachableError(base, error);
    }
    if (!response.ok) throw ApiError.of(response.status, text, `${method} ${url}`);
    if (response.status === 204) return undefined as Answer;
    return parse<Answer>(text, `${method} ${url}`);
  }

  const dag = (dagId: string): string => `/dags/${encodeURIComponent(dagId)}`;
  const run = (dagId: string, runId: string): string => `${dag(dagId)}/dagRuns/${encodeURIComponent(runId)}`;
  const partitions = (asset: string): string => `/assets/${encodeURIComponent(asset)}/partitions`;
  const connection = (id: string): string => `/connections/${encodeURIComponent(id)}`;
  const pool = (name: string): string => `/pools/${encodeURIComponent(name)}`;
  const instance = (dagId: string, runId: string, taskId: string): string =>
    `${run(dagId, runId)}/taskInstances/${encodeURIComponent(taskId)}`;

  return {
    health: () => request<HealthInfo>('/monitor/health'),
    version: () => request<VersionInfo>('/version'),
    dags: (query: Query = {}) => request<DagCollection>('/dags', { query }),
    dag: (dagId: string) => request<Dag>(dag(dagId)),
    dagDetails: (dagId: string) => request<DagDetails>(`${dag(dagId)}/details`),
    patchDag: (dagId: string, body: DagPatch) => request<Dag>(dag(dagId), { method: 'PATCH', body }),
    tasks: (dagId: string) => request<TaskCollection>(`${dag(dagId)}/tasks`),
    importErrors: (query: Query = {}) => request<ImportErrorCollection>('/importErrors', { query }),
    /** Sent again with the same idempotency key, the same request is answered with the run that it made. */
    trigger: (dagId: string, body: TriggerDagRun, idempotencyKey?: string) =>
      request<DagRun>(`${dag(dagId)}/dagRuns`, {
        method: 'POST',
        body,
        ...(idempotencyKey === undefined ? {} : { headers: { 'idempotency-key': idempotencyKey } }),
      }),
    /** The runs that the schedule will make next. */
    upcomingRuns: (dagId: string, query: Query = {}) =>
      request<UpcomingRuns>(`${dag(dagId)}/upcomingRuns`, { query, root: '/headrace/v1' }),
    createBackfill: (body: BackfillPost) => request<Backfill>('/backfills', { method: 'POST', body }),
    dryRunBackfill: (body: BackfillPost) => request<DryRunBackfillCollection>('/backfills/dry_run', { method: 'POST', body }),
    backfills: (dagId: string, query: Query = {}) => request<BackfillCollection>('/backfills', { query: { ...query, dag_id: dagId } }),
    backfill: (id: number) => request<Backfill>(`/backfills/${id}`),
    changeBackfill: (id: number, change: 'pause' | 'unpause' | 'cancel') =>
      request<Backfill>(`/backfills/${id}/${change}`, { method: 'PUT' }),
    backfillRuns: (id: number, query: Query = {}) =>
      request<BackfillRunCollection>(`/backfills/${id}/runs`, { query, root: '/headrace/v1' }),
    /** The form that a task instance asks people to fill in. */
    hitlDetail: (dagId: string, runId: string, taskId: string, mapIndex = -1) =>
      request<HitlDetail>(`${instance(dagId, runId, taskId)}/${mapIndex}/hitlDetails`),
    answerHitl: (dagId: string, runId: string, taskId: string, mapIndex: number, body: UpdateHitlDetail) =>
      request<HitlDetailResponse>(`${instance(dagId, runId, taskId)}/${mapIndex}/hitlDetails`, { method: 'PATCH', body }),
    /** What tasks wait for. */
    waits: (query: Query = {}) => request<WaitCollection>('/waits', { query, root: '/headrace/v1' }),
    /** `~` for all DAGs. */
    runs: (dagId: string, query: Query = {}) => request<DagRunCollection>(`${dag(dagId)}/dagRuns`, { query }),
    run: (dagId: string, runId: string) => request<DagRun>(run(dagId, runId)),
    patchRun: (dagId: string, runId: string, body: DagRunPatch) => request<DagRun>(run(dagId, runId), { method: 'PATCH', body }),
    /** With `dry_run` (the default) the task instances that would be cleared, else the run. */
    clearRun: (dagId: string, runId: string, body: ClearDagRun) =>
      request<DagRun | TaskInstanceCollection>(`${run(dagId, runId)}/clear`, { method: 'POST', body }),
    taskInstances: (dagId: string, runId: string, query: Query = {}) =>
      request<TaskInstanceCollection>(`${run(dagId, runId)}/taskInstances`, { query }),
    taskInstance: (dagId: string, runId: string, taskId: string) => request<TaskInstance>(instance(dagId, runId, taskId)),
    tries: (dagId: string, runId: string, taskId: string) => request<TaskInstanceTryCollection>(`${instance(dagId, runId, taskId)}/tries`),
    log: (dagId: string, runId: string, taskId: string, tryNumber: number, query: Query = {}) =>
      request<TaskLog>(`${instance(dagId, runId, taskId)}/logs/${tryNumber}`, { query }),
    explain: (dagId: string, runId: string, taskId: string, query: Query = {}) =>
      request<TaskExplanation>(`${instance(dagId, runId, taskId)}/explain`, { query, root: '/headrace/v1' }),
    explainRun: (dagId: string, runId: string) => request<RunExplanation>(`${run(dagId, runId)}/explain`, { root: '/headrace/v1' }),
    versions: (dagId: string, query: Query = {}) => request<DagVersionCollection>(`${dag(dagId)}/dagVersions`, { query }),
    diffVersions: (dagId: string, before: number, after: number) =>
      request<DagVersionDiff>(`${dag(dagId)}/versions/${before}/diff/${after}`, { root: '/headrace/v1' }),
    notices: (query: Query = {}) => request<NoticeCollection>('/notices', { query, root: '/headrace/v1' }),
    redeliverNotice: (id: number) => request<Notice>(`/notices/${id}/redeliver`, { method: 'POST', root: '/headrace/v1' }),
    result: (dagId: string, runId: string, taskId: string) =>
      request<XComEntry>(`${instance(dagId, runId, taskId)}/xcomEntries/return_value`),
    clearTaskInstances: (dagId: string, body: ClearTaskInstances) =>
      request<TaskInstanceCollection>(`${dag(dagId)}/clearTaskInstances`, { method: 'POST', body }),
    assets: (query: Query = {}) => request<AssetCollection>('/assets', { query }),
    asset: (assetId: number) => request<Asset>(`/assets/${assetId}`),
    assetEvents: (query: Query = {}) => request<AssetEventCollection>('/assets/events', { query }),
    createAssetEvent: (body: CreateAssetEvent) => request<AssetEvent>('/assets/events', { method: 'POST', body }),
    materializeAsset: (assetId: number, body: MaterializeAsset) =>
      request<DagRun>(`/assets/${assetId}/materialize`, { method: 'POST', body }),
    /** The events that made a run. */
    upstreamAssetEvents: (dagId: string, runId: string) => request<AssetEventCollection>(`${run(dagId, runId)}/upstreamAssetEvents`),
    assetPartitions: (asset: string, query: Query = {}) => request<PartitionCollection>(partitions(asset), { query, root: OURS }),
    addPartitions: (asset: string, body: AddPartitions) =>
      request<AddedPartitions>(partitions(asset), { method: 'POST', body, root: OURS }),
    removePartition: (asset: string, key: string, dimension?: string) =>
      request<void>(`${partitions(asset)}/${encodeURIComponent(key)}`, { method: 'DELETE', query: { dimension }, root: OURS }),
    pools: (query: Query = {}) => request<PoolCollection>('/pools', { query }),
    createPool: (body: PoolBody) => request<PoolResponse>('/pools', { method: 'POST', body }),
    patchPool: (name: string, body: PoolPatch) => request<PoolResponse>(pool(name), { method: 'PATCH', body }),
    deletePool: (name: string) => request<void>(pool(name), { method: 'DELETE' }),
    connections: (query: Query = {}) => request<ConnectionCollection>('/connections', { query }),
    connection: (id: string) => request<ConnectionResponse>(connection(id)),
    createConnection: (body: ConnectionBody) => request<ConnectionResponse>('/connections', { method: 'POST', body }),
    patchConnection: (id: string, body: ConnectionPatch) => request<ConnectionResponse>(connection(id), { method: 'PATCH', body }),
    /** All of it from one URL: a new one, or in the place of the one that is there. */
    putConnection: (id: string, body: ConnectionByUrl) => request<ConnectionResponse>(connection(id), { method: 'PUT', body, root: OURS }),
    deleteConnection: (id: string) => request<void>(connection(id), { method: 'DELETE' }),
    /** As it is stored. */
    testConnection: (id: string) => request<ConnectionTestResponse>(`${connection(id)}/test`, { method: 'POST', root: OURS }),
    /** Encrypts all secrets under the current key. */
    rotateConnections: () => request<RotatedConnections>('/connections/rotate', { method: 'POST', root: OURS }),
    connectionTypes: () => request<ConnectionTypes>('/connectionTypes', { root: OURS }),
    /** How far the running tasks of a run are. */
    progress: (dagId: string, runId: string) => request<TaskProgressCollection>(`${run(dagId, runId)}/progress`, { root: OURS }),
    cursors: (query: Query) => request<CursorCollection>('/cursors', { query, root: OURS }),
    /** `query` names the place: `connection_id`, and `table` where several have a cursor of the name. */
    patchCursor: (name: string, query: Query, body: CursorPatch) =>
      request<CursorResponse>(`/cursors/${encodeURIComponent(name)}`, { method: 'PATCH', query, body, root: OURS }),
    deleteCursor: (name: string, query: Query) =>
      request<void>(`/cursors/${encodeURIComponent(name)}`, { method: 'DELETE', query, root: OURS }),
    loads: (query: Query = {}) => request<DataLoadPage>('/loads', { query, root: OURS }),
    /** The newest load of each partition of a table. */
    latestLoads: (connectionId: string, table: string, query: Query = {}) =>
      request<DataLoadPage>('/loads/latest', { query: { ...query, connection_id: connectionId, table }, root: OURS }),
    checks: (query: Query = {}) => request<DataCheckPage>('/checks', { query, root: OURS }),
    /** `mapIndex` absent: every instance of the task. With `dryRun` nothing is changed. */
    markTaskInstance: (
      dagId: string,
      runId: string,
      taskId: string,
      body: MarkTaskInstance,
      { mapIndex, dryRun = false }: { readonly mapIndex?: number; readonly dryRun?: boolean } = {},
    ) =>
      request<TaskInstanceCollection>(
        `${instance(dagId, runId, taskId)}${mapIndex === undefined ? '' : `/${mapIndex}`}${dryRun ? '/dry_run' : ''}`,
        { method: 'PATCH', body },
      ),
  };
}

function searchOf(query: Query): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) search.append(name, String(one));
  }
  return search.size === 0 ? '' : `?${search}`;
}

/** Something else than an API may listen there, such as a proxy with a page of its own. */
function parse<Answer>(text: string, request: string): Answer {
  try {
    return JSON.parse(text) as Answer;
  } catch {
    throw new ApiError(
      502,
      undefined,
      `${request} was not answered with JSON: is this the address of a Headrace API? It said: ${text.slice(0, 100)}`,
    );
  }
}
