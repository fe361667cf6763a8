/** What the API needs from outside. The composition root in apps/api brings it; tests bring what they like. */

import type { Passwords } from '@headrace/access';
import type {
  AccessStore,
  AssetStore,
  AuditStore,
  BackfillStore,
  CatalogStore,
  CommandStore,
  ConnectionBook,
  DataAdmin,
  DataReportStore,
  ExplainStore,
  HealthRecord,
  IdempotencyStore,
  LineageStore,
  Log,
  Metrics,
  NoticeStore,
  ObjectStore,
  PoolStore,
  ProgressStore,
  QueryStore,
  RunCommands,
  RunEvents,
  StateStore,
  TaskInstanceRecord,
  TimetableEvaluator,
  VariableBook,
  VersionStore,
  WaitStore,
} from '@headrace/ports';
import type { Tracing } from '@headrace/tracing';
import type { Authenticate } from './http/access.ts';
import type { IdentityProviderSettings } from './http/identity-provider.ts';

export interface ApiDeps {
  readonly queries: QueryStore;
  readonly commands: CommandStore;
  readonly notices: Pick<NoticeStore, 'list' | 'get' | 'redeliver'>;
  readonly dagVersions: VersionStore;
  readonly explain: ExplainStore;
  /** Where those who follow changes of state hear of them. */
  readonly stateChanges: { readonly events: RunEvents; readonly states: StateStore };
  /** What tasks wait for. */
  readonly waits: Pick<WaitStore, 'waits' | 'byToken' | 'endWaits'>;
  readonly pools: PoolStore;
  readonly connections: ConnectionBook;
  readonly variables: VariableBook;
  /** The settings in force, by sections, without secrets. */
  readonly settings: readonly { readonly name: string; readonly options: { readonly key: string; readonly value: string }[] }[];
  readonly dataAdmin: DataAdmin;
  /** As a connector takes it, of a configured or a stored connection. Undefined: there is none. */
  readonly connectionUrl: (connId: string) => string | undefined | Promise<string | undefined>;
  readonly dataReports: DataReportStore;
  readonly lineage: LineageStore;
  /** Absent: nobody wants traces. */
  readonly tracing?: Tracing;
  readonly progress: Pick<ProgressStore, 'ofRun'>;
  readonly catalog: Pick<CatalogStore, 'importErrors'>;
  readonly backfills: Omit<BackfillStore, 'advance' | 'noteCleared' | 'cancelledRuns'>;
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
  /** Of the service's own tokens; users' credentials are looked up in `access`. */
  readonly authenticate: Authenticate;
  readonly access: AccessDeps;
  /** Who did what. */
  readonly audit: AuditStore;
  /** Answers to requests that may be sent again. */
  readonly idempotency: IdempotencyStore;
  readonly log: Log;
  readonly metrics: Metrics;
  /** What `/metrics` shows. Absent: there is no `/metrics`. */
  readonly registry?: MetricsRegistry;
  readonly version: string;
  /** Who is alive. A rejection means that the database cannot be reached. */
  health(): Promise<HealthRecord>;
}

/** How users come in. */
export interface AccessDeps {
  readonly store: AccessStore;
  readonly passwords: Passwords;
  readonly now: () => number;
  readonly settings: AccessSettings;
  /** Absent: nobody comes in by one. */
  readonly identityProvider?: IdentityProviderSettings;
}

export interface AccessSettings {
  /** Where browsers reach us: `https://headrace.example.com`. Needed for an identity provider. */
  readonly publicUrl?: string;
  /** A session ends when it was not used for so long, and after so long whatever happens. */
  readonly sessionIdleMs: number;
  readonly sessionMs: number;
  /** Of bearer tokens. */
  readonly tokenMs: number;
  /** Of other sites that may read answers. */
  readonly corsOrigins: readonly string[];
  /** Addresses of proxies whose word about the caller's address and protocol is taken. */
  readonly trustProxy: readonly string[];
}

export type ParamsCheck =
  | { readonly ok: true; readonly params: Readonly<Record<string, unknown>> }
  /** `path` within the params, e.g. `limits.0`; empty for the params as a whole. */
  | { readonly ok: false; readonly issues: readonly { readonly path: string; readonly message: string }[] };

export interface MetricsRegistry {
  readonly contentType: string;
  metrics(): Promise<string>;
}
