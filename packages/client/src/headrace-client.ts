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
  DagSource,
  DagSpecDocument,
  DagVersionCollection,
  DagVersionDiff,
  DataCheckPage,
  DataLoadPage,
  DryRunBackfillCollection,
  HealthInfo,
  HitlDetail,
  HitlDetailResponse,
  ImportErrorCollection,
  LineageGraph,
  LogMessage,
  LogSearchResult,
  MarkTaskInstance,
  MaterializeAsset,
  Notice,
  NoticeCollection,
  PartitionCollection,
  PoolBody,
  PoolCollection,
  PoolPatch,
  PoolResponse,
  QueuedEventCollection,
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
import { followLog, type LogEnd } from './follow-log.ts';
import { type ClientOptions, createRequest, type Query, type Request } from './request.ts';
import type { Variable, VariableBody, VariableCollection, XComCollection } from './shapes.ts';

const OURS = '/headrace/v1';

export type HeadraceClient = ReturnType<typeof createClient>;

/** The client of one API. */
export function createClient(options: ClientOptions) {
  const request = createRequest(options);
  const dag = (dagId: string): string => `/dags/${encodeURIComponent(dagId)}`;
  const run = (dagId: string, runId: string): string => `${dag(dagId)}/dagRuns/${encodeURIComponent(runId)}`;
  const partitions = (asset: string): string => `/assets/${encodeURIComponent(asset)}/partitions`;
  const connection = (id: string): string => `/connections/${encodeURIComponent(id)}`;
  const variable = (key: string): string => `/variables/${encodeURIComponent(key)}`;
  const pool = (name: string): string => `/pools/${encodeURIComponent(name)}`;
  const instance = (dagId: string, runId: string, taskId: string): string =>
    `${run(dagId, runId)}/taskInstances/${encodeURIComponent(taskId)}`;

  return {
    /** Any route, also one that has no function here. The path is whole: `/api/v2/dags`. */
    request: <Answer>(path: string, options: Omit<Request, 'root'> = {}) => request<Answer>(path, { ...options, root: '' }),
    health: () => request<HealthInfo>('/monitor/health'),
    version: () => request<VersionInfo>('/version'),
    dags: (query: Query = {}) => request<DagCollection>('/dags', { query }),
    dag: (dagId: string) => request<Dag>(dag(dagId)),
    /** Of its newest version, or of another one: its graph as the scheduler has it. */
    dagSpec: (dagId: string, query: Query = {}) => request<DagSpecDocument>(`${dag(dagId)}/spec`, { query, root: OURS }),
    deleteDag: (dagId: string) => request<void>(dag(dagId), { method: 'DELETE' }),
    dagSource: (dagId: string, query: Query = {}) => request<DagSource>(`/dagSources/${encodeURIComponent(dagId)}`, { query }),
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
    deleteRun: (dagId: string, runId: string) => request<void>(run(dagId, runId), { method: 'DELETE' }),
    taskInstances: (dagId: string, runId: string, query: Query = {}) =>
      request<TaskInstanceCollection>(`${run(dagId, runId)}/taskInstances`, { query }),
    taskInstance: (dagId: string, runId: string, taskId: string) => request<TaskInstance>(instance(dagId, runId, taskId)),
    tries: (dagId: string, runId: string, taskId: string) => request<TaskInstanceTryCollection>(`${instance(dagId, runId, taskId)}/tries`),
    log: (dagId: string, runId: string, taskId: string, tryNumber: number, query: Query = {}) =>
      request<TaskLog>(`${instance(dagId, runId, taskId)}/logs/${tryNumber}`, { query }),
    /** Each line of a log as it is written, until the try has ended. Goes on by itself when the connection was lost. */
    followLog: (dagId: string, runId: string, taskId: string, mapIndex: number, tryNumber: number): AsyncGenerator<LogMessage, LogEnd> =>
      followLog(options, `${OURS}${instance(dagId, runId, taskId)}/${mapIndex}/logs/${tryNumber}/live`),
    searchLogs: (dagId: string, runId: string, query: Query = {}) =>
      request<LogSearchResult>(`${run(dagId, runId)}/logs/search`, { query, root: OURS }),
    mappedTaskInstance: (dagId: string, runId: string, taskId: string, mapIndex: number) =>
      request<TaskInstance>(`${instance(dagId, runId, taskId)}/${mapIndex}`),
    explain: (dagId: string, runId: string, taskId: string, query: Query = {}) =>
      request<TaskExplanation>(`${instance(dagId, runId, taskId)}/explain`, { query, root: '/headrace/v1' }),
    explainRun: (dagId: string, runId: string) => request<RunExplanation>(`${run(dagId, runId)}/explain`, { root: '/headrace/v1' }),
    versions: (dagId: string, query: Query = {}) => request<DagVersionCollection>(`${dag(dagId)}/dagVersions`, { query }),
    diffVersions: (dagId: string, before: number, after: number) =>
      request<DagVersionDiff>(`${dag(dagId)}/versions/${before}/diff/${after}`, { root: '/headrace/v1' }),
    notices: (query: Query = {}) => request<NoticeCollection>('/notices', { query, root: '/headrace/v1' }),
    redeliverNotice: (id: number) => request<Notice>(`/notices/${id}/redeliver`, { method: 'POST', root: '/headrace/v1' }),
    xcoms: (dagId: string, runId: string, taskId: string, query: Query = {}) =>
      request<XComCollection>(`${instance(dagId, runId, taskId)}/xcomEntries`, { query }),
    xcom: (dagId: string, runId: string, taskId: string, key: string, query: Query = {}) =>
      request<XComEntry>(`${instance(dagId, runId, taskId)}/xcomEntries/${encodeURIComponent(key)}`, { query }),
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
    /** Events that a DAG has not used yet. */
    queuedEvents: (dagId: string) => request<QueuedEventCollection>(`${dag(dagId)}/assets/queuedEvents`),
    queuedEventsOfAsset: (assetId: number) => request<QueuedEventCollection>(`/assets/${assetId}/queuedEvents`),
    dropQueuedEvents: (dagId: string) => request<void>(`${dag(dagId)}/assets/queuedEvents`, { method: 'DELETE' }),
    dropQueuedEventsOfAsset: (assetId: number) => request<void>(`/assets/${assetId}/queuedEvents`, { method: 'DELETE' }),
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
    variables: (query: Query = {}) => request<VariableCollection>('/variables', { query }),
    variable: (key: string) => request<Variable>(variable(key)),
    createVariable: (body: VariableBody) => request<Variable>('/variables', { method: 'POST', body }),
    patchVariable: (key: string, body: VariableBody) => request<Variable>(variable(key), { method: 'PATCH', body }),
    deleteVariable: (key: string) => request<void>(variable(key), { method: 'DELETE' }),
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
    /** What an asset (`asset`), or what a DAG (`dag`) works with, is made of and goes into. */
    lineage: (query: Query) => request<LineageGraph>('/lineage', { query, root: OURS }),
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
