/** What the API needs from outside. The composition root in apps/api brings it; tests bring what they like. */
import type {
  AssetStore,
  BackfillStore,
  CatalogStore,
  CommandStore,
  ConnectionBook,
  DataAdmin,
  DataReportStore,
  ExplainStore,
  HealthRecord,
  Log,
  Metrics,
  NoticeStore,
  ObjectStore,
  PoolStore,
  ProgressStore,
  QueryStore,
  RunCommands,
  TaskInstanceRecord,
  TimetableEvaluator,
  VersionStore,
  WaitStore,
} from '@headrace/ports';
import type { Authenticate } from './http/access.ts';

export interface ApiDeps {
  readonly queries: QueryStore;
  readonly commands: CommandStore;
  readonly notices: Pick<NoticeStore, 'list' | 'get' | 'redeliver'>;
  readonly dagVersions: VersionStore;
  readonly explain: ExplainStore;
  /** What tasks wait for. */
  readonly waits: Pick<WaitStore, 'waits' | 'byToken' | 'endWaits'>;
  readonly pools: PoolStore;
  readonly connections: ConnectionBook;
  readonly dataAdmin: DataAdmin;
  /** As a connector takes it, of a configured or a stored connection. Undefined: there is none. */
  readonly connectionUrl: (connId: string) => string | undefined | Promise<string | undefined>;
  readonly dataReports: DataReportStore;
  readonly progress: Pick<ProgressStore, 'ofRun'>;
  readonly catalog: Pick<CatalogStore, 'importErrors'>;
  readonly backfills: BackfillStore;
  readonly assets: Omit<AssetStore, 'triggerConsumers' | 'eventsSince' | 'newestEvents'>;
  /** Asks users' own timetables. Absent: DAGs that have one cannot be backfilled. */
  readonly timetables?: TimetableEvaluator;
  /** Where task logs and large results lie. */
  readonly objects: Pick<ObjectStore, 'get' | 'head'>;
  /** Where the log of an attempt lies while it runs, and when its worker died before it could say. */
  logKeyOf(attempt: Pick<TaskInstanceRecord, 'dagId' | 'runId' | 'taskId' | 'mapIndex' | 'attempt'>): string;
  readonly runCommands: RunCommands;
  /** Asks the DAG's own validator, of its newest version. */
  validateParams(dagId: string, params: Readonly<Record<string, unknown>>): Promise<ParamsCheck>;
  readonly authenticate: Authenticate;
  readonly log: Log;
  readonly metrics: Metrics;
  /** What `/metrics` shows. Absent: there is no `/metrics`. */
  readonly registry?: MetricsRegistry;
  readonly version: string;
  /** Who is alive. A rejection means that the database cannot be reached. */
  health(): Promise<HealthRecord>;
}

export type ParamsCheck =
  | { readonly ok: true; readonly params: Readonly<Record<string, unknown>> }
  /** `path` within the params, e.g. `limits.0`; empty for the params as a whole. */
  | { readonly ok: false; readonly issues: readonly { readonly path: string; readonly message: string }[] };

export interface MetricsRegistry {
  readonly contentType: string;
  metrics(): Promise<string>;
}
