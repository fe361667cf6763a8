/**
 * The store on PostgreSQL: every port of `@headrace/ports` that rows stand behind.
 *
 * Nothing connects before it is used, and no process reads what it does not ask for.
 */
import {
  type AccessStore,
  type AssetStore,
  type AttemptStore,
  type AuditStore,
  type BackfillStore,
  type CatalogStore,
  type CommandStore,
  type ConnectionStore,
  type DataReportStore,
  type DeadlineStore,
  type ExplainStore,
  type IdempotencyStore,
  type LineageStore,
  type Log,
  type Metrics,
  type NoticeStore,
  noMetrics,
  type PoolStore,
  type ProgressStore,
  type QueryStore,
  type RetentionStore,
  type RunEvents,
  type SchedulerStore,
  type ScheduleStore,
  type StateStore,
  type VariableStore,
  type VersionStore,
  type WaitStore,
} from '@headrace/ports';
import { createAccessStore } from './access/access-store.ts';
import { createAssetStore } from './assets/asset-store.ts';
import { createAttemptStore } from './attempts/attempt-store.ts';
import { createAuditStore } from './audit/audit-store.ts';
import { createIdempotencyStore } from './audit/idempotency-store.ts';
import { createBackfillStore } from './backfills/backfill-store.ts';
import { createCatalogStore } from './catalog/catalog-store.ts';
import { createCommandStore } from './commands/command-store.ts';
import { createConnectionStore } from './connections/connection-store.ts';
import { createDataReportStore } from './data/data-report-store.ts';
import { createLineageStore } from './data/lineage-store.ts';
import { Database } from './database.ts';
import { createDeadlineStore } from './deadlines/deadline-store.ts';
import { createNoticeStore } from './notices/notice-store.ts';
import { createPoolStore } from './pools/pool-store.ts';
import { createProgressStore } from './progress/progress-store.ts';
import { createExplainStore } from './queries/explain.ts';
import { createQueryStore } from './queries/query-store.ts';
import { createStateStore } from './queries/states.ts';
import { createVersionStore } from './queries/versions.ts';
import { createRetentionStore } from './retention/retention-store.ts';
import { createRunEvents } from './run-events.ts';
import { createSchedulerStore } from './scheduler/scheduler-store.ts';
import { createScheduleStore } from './schedules/schedule-store.ts';
import { checkSchema } from './schema/check-schema.ts';
import { createVariableStore } from './variables/variable-store.ts';
import { createWaitStore } from './waits/wait-store.ts';

export interface StoreOptions {
  /** `postgres://…` of the primary. */
  readonly url: string;
  /** Most connections for decisions and moves; leases, reads and news have a few of their own. Default 10. */
  readonly poolSize?: number;
  readonly log: Log;
  readonly metrics?: Metrics;
  /** As `pg_stat_activity` shows it. Default `headrace`. */
  readonly applicationName?: string;
}

export interface PostgresStore {
  readonly scheduler: SchedulerStore;
  readonly attempts: AttemptStore;
  readonly events: RunEvents;
  readonly states: StateStore;
  readonly assets: AssetStore;
  readonly catalog: CatalogStore;
  readonly commands: CommandStore;
  readonly queries: QueryStore;
  readonly waits: WaitStore;
  readonly notices: NoticeStore;
  readonly deadlines: DeadlineStore;
  readonly explain: ExplainStore;
  readonly versions: VersionStore;
  readonly pools: PoolStore;
  readonly backfills: BackfillStore;
  readonly connections: ConnectionStore;
  readonly variables: VariableStore;
  readonly progress: ProgressStore;
  readonly dataReports: DataReportStore;
  readonly lineage: LineageStore;
  readonly schedules: ScheduleStore;
  readonly retention: RetentionStore;
  readonly access: AccessStore;
  readonly audit: AuditStore;
  readonly idempotency: IdempotencyStore;
  /** Throws SchemaTooOldError, SchemaTooNewError, MigrationChangedError or StandbyError. */
  checkSchema(): Promise<void>;
  /** Waits for statements under way and closes all connections. Subscriptions must have been ended. */
  close(): Promise<void>;
}

const DEFAULT_POOL_SIZE = 10;

export function createStore(options: StoreOptions): PostgresStore {
  const { url, poolSize = DEFAULT_POOL_SIZE, log, metrics = noMetrics, applicationName = 'headrace' } = options;
  const database = new Database({ url, poolSize: Math.max(2, poolSize), log, metrics, applicationName });
  return {
    scheduler: createSchedulerStore(database),
    attempts: createAttemptStore(database),
    events: createRunEvents(database),
    states: createStateStore(database),
    assets: createAssetStore(database),
    catalog: createCatalogStore(database),
    commands: createCommandStore(database),
    queries: createQueryStore(database),
    waits: createWaitStore(database),
    notices: createNoticeStore(database),
    deadlines: createDeadlineStore(database),
    explain: createExplainStore(database),
    versions: createVersionStore(database),
    pools: createPoolStore(database),
    backfills: createBackfillStore(database),
    connections: createConnectionStore(database),
    variables: createVariableStore(database),
    progress: createProgressStore(database),
    dataReports: createDataReportStore(database),
    lineage: createLineageStore(database),
    schedules: createScheduleStore(database),
    retention: createRetentionStore(database),
    access: createAccessStore(database),
    audit: createAuditStore(database),
    idempotency: createIdempotencyStore(database),
    checkSchema: () => checkSchema(database.lane('work')),
    close: () => database.close(),
  };
}
