/**
 * Generated from the OpenAPI document by `npm run client:generate`: do not edit.
 * The types of everything that goes over the wire, and every operation.
 */

export type AddPartitions = {
  dimension?: string;
  keys: Array<string>;
};

export type AddedPartitions = {
  dimension: string;
  keys: Array<string>;
  total_entries: number;
};

export type ApiKey = {
  id: number;
  name: string;
  /** Whose rights bound it */
  username: string;
  /** Its last characters */
  hint: string;
  scopes: Array<{
  action: 'read' | 'operate' | 'edit' | 'administer';
  object: string;
  pattern: string;
}>;
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
  revoked_at: string | null;
};

export type ApiKeyCollection = {
  tokens: Array<ApiKey>;
  total_entries: number;
};

export type ApiKeyScope = {
  action: 'read' | 'operate' | 'edit' | 'administer';
  object: '*' | 'dag' | 'asset' | 'connection' | 'pool' | 'variable' | 'system' | 'audit' | 'user';
  /** `*` stands for any text */
  pattern?: string;
};

export type Asset = {
  id: number;
  name: string;
  uri: string;
  group: string;
  extra: Record<string, unknown> | null;
  created_at: string;
  updated_at: string;
  scheduled_dags: Array<{
  dag_id: string;
  created_at: string;
  updated_at: string;
}>;
  producing_tasks: Array<{
  dag_id: string;
  created_at: string;
  updated_at: string;
  task_id: string;
}>;
  consuming_tasks: Array<{
  dag_id: string;
  created_at: string;
  updated_at: string;
  task_id: string;
}>;
  aliases: Array<AssetAlias>;
  watchers: Array<{
  name: string;
  trigger_id: number;
  created_date: string;
}>;
  last_asset_event: {
  id: number | null;
  timestamp: string | null;
} | null;
  partitions: Record<string, unknown> | null;
};

export type AssetAlias = {
  id: number;
  name: string;
  group: string;
};

export type AssetAliasCollection = {
  asset_aliases: Array<AssetAlias>;
  total_entries: number;
};

export type AssetCollection = {
  assets: Array<Asset>;
  total_entries: number;
};

export type AssetEvent = {
  id: number;
  asset_id: number;
  uri: string | null;
  name: string | null;
  group: string | null;
  extra: Record<string, unknown> | null;
  source_task_id: string | null;
  source_dag_id: string | null;
  source_run_id: string | null;
  source_map_index: number;
  created_dagruns: Array<DagRunAssetReference>;
  timestamp: string;
  partition_key: string | null;
  user_name: string | null;
};

export type AssetEventCollection = {
  asset_events: Array<AssetEvent>;
  total_entries: number;
};

export type AuditCollection = {
  audit: Array<AuditEvent>;
  total_entries: number;
  /** Of the page after this one; null: this is the last */
  next_cursor: string | null;
  /** False: the list is longer. Rows are counted up to 10 000 after the page, and total_entries is where counting ended */
  total_is_exact: boolean;
};

export type AuditEvent = {
  id: number;
  at: string;
  actor_kind: 'user' | 'key' | 'service' | 'command' | 'housekeeping' | 'nobody';
  actor: string | null;
  key_id: string | null;
  address: string | null;
  /** The operation, as the OpenAPI document names it */
  action: string;
  object: string | null;
  object_id: string | null;
  dag_id: string | null;
  run_id: string | null;
  task_id: string | null;
  map_index: number | null;
  request_id: string | null;
  outcome: 'allowed' | 'refused' | 'failed';
  status: number | null;
  problem: string | null;
  parameters: Record<string, unknown>;
  /** SHA-256 of the hash before, the id and the entry */
  hash: string;
};

export type AuditVerification = {
  ok: boolean;
  /** How many were looked at */
  entries: number;
  head: string | null;
  wrong: string | null;
};

export type Backfill = {
  id: number;
  dag_id: string;
  dag_display_name: string;
  from_date: string;
  to_date: string;
  dag_run_conf: Record<string, unknown> | null;
  is_paused: boolean;
  reprocess_behavior: ReprocessBehavior;
  max_active_runs: number;
  created_at: string;
  completed_at: string | null;
  updated_at: string;
  is_cancelled: boolean;
};

export type BackfillCollection = {
  backfills: Array<Backfill>;
  total_entries: number;
};

export type BackfillPost = {
  dag_id: string;
  from_date: string;
  to_date: string;
  run_backwards?: boolean;
  dag_run_conf?: Record<string, unknown>;
  reprocess_behavior?: 'failed' | 'completed' | 'none';
  max_active_runs?: number;
  run_on_latest_version?: boolean;
};

export type BackfillRunCollection = {
  backfill_runs: Array<{
  logical_date: string;
  partition_key: string | null;
  state: 'waiting' | 'clearing' | 'made' | 'skipped';
  reason: string | null;
  dag_run_id: string | null;
}>;
  total_entries: number;
};

export type BatchIds = Array<string> | null;

export type BulkConnections = {
  actions: Array<{
  action: 'create';
  entities: Array<ConnectionBody>;
  action_on_existence?: 'fail' | 'skip' | 'overwrite';
} | {
  action: 'update';
  entities: Array<ConnectionBody>;
  update_mask?: Array<'connection_id' | 'conn_type' | 'description' | 'host' | 'login' | 'schema' | 'port' | 'password' | 'extra' | 'team_name'> | null;
  action_on_non_existence?: 'fail' | 'skip';
} | {
  action: 'delete';
  entities: Array<string | ConnectionBody>;
  action_on_non_existence?: 'fail' | 'skip';
}>;
};

export type BulkPools = {
  actions: Array<{
  action: 'create';
  entities: Array<PoolBody>;
  action_on_existence?: 'fail' | 'skip' | 'overwrite';
} | {
  action: 'update';
  entities: Array<PoolBody>;
  update_mask?: Array<'name' | 'slots' | 'description' | 'include_deferred' | 'team_name'> | null;
  action_on_non_existence?: 'fail' | 'skip';
} | {
  action: 'delete';
  entities: Array<string | PoolBody>;
  action_on_non_existence?: 'fail' | 'skip';
}>;
};

export type BulkResponse = {
  create?: {
  success: Array<string>;
  errors: Array<{
  /** What was wrong, where, and what to do */
  error: string;
  /** The status that the same request for this entity alone would have had */
  status_code: number;
  code: string;
  /** The key of the entity */
  entity: string;
}>;
};
  update?: {
  success: Array<string>;
  errors: Array<{
  /** What was wrong, where, and what to do */
  error: string;
  /** The status that the same request for this entity alone would have had */
  status_code: number;
  code: string;
  /** The key of the entity */
  entity: string;
}>;
};
  delete?: {
  success: Array<string>;
  errors: Array<{
  /** What was wrong, where, and what to do */
  error: string;
  /** The status that the same request for this entity alone would have had */
  status_code: number;
  code: string;
  /** The key of the entity */
  entity: string;
}>;
};
};

export type BulkTaskInstance = {
  task_id: string;
  dag_id?: string | null;
  dag_run_id?: string | null;
  map_index?: number | null;
  new_state?: TaskInstanceState | null;
  note?: RunNote;
  include_upstream?: boolean;
  include_downstream?: boolean;
  include_future?: boolean;
  include_past?: boolean;
};

export type BulkTaskInstances = {
  actions: Array<{
  action: 'create';
  entities: Array<BulkTaskInstance>;
  action_on_existence?: 'fail' | 'skip' | 'overwrite';
} | {
  action: 'update';
  entities: Array<BulkTaskInstance>;
  update_mask?: Array<'new_state' | 'note'> | null;
  action_on_non_existence?: 'fail' | 'skip';
} | {
  action: 'delete';
  entities: Array<string | BulkTaskInstance>;
  action_on_non_existence?: 'fail' | 'skip';
}>;
};

export type BulkVariables = {
  actions: Array<{
  action: 'create';
  entities: Array<VariableBody>;
  action_on_existence?: 'fail' | 'skip' | 'overwrite';
} | {
  action: 'update';
  entities: Array<VariableBody>;
  update_mask?: Array<'key' | 'value' | 'description' | 'team_name'> | null;
  action_on_non_existence?: 'fail' | 'skip';
} | {
  action: 'delete';
  entities: Array<string | VariableBody>;
  action_on_non_existence?: 'fail' | 'skip';
}>;
};

export type ChangeOwnPassword = {
  current_password: string;
  new_password: string;
};

export type ClearDagRun = {
  dry_run?: boolean;
  only_failed?: boolean;
  only_new?: boolean;
  run_on_latest_version?: boolean;
  note?: RunNote;
};

export type ClearTaskInstances = {
  dry_run?: boolean;
  dag_run_id?: string | null;
  task_ids?: Array<string | [string, number]> | null;
  only_failed?: boolean;
  only_running?: boolean;
  include_upstream?: boolean;
  include_downstream?: boolean;
  include_future?: boolean;
  include_past?: boolean;
  include_later_loop_iterations?: boolean;
  reset_dag_runs?: boolean;
  run_on_latest_version?: boolean;
  prevent_running_task?: boolean;
  start_date?: string | null;
  end_date?: string | null;
};

export type Config = {
  sections: Array<{
  name: string;
  options: Array<{
  key: string;
  value: string;
}>;
}>;
};

export type ConnectionBody = {
  connection_id: string;
  conn_type: string;
  description?: string | null;
  host?: string | null;
  login?: string | null;
  schema?: string | null;
  port?: number | null;
  password?: string | null;
  extra?: string | null;
  team_name?: null;
};

export type ConnectionByUrl = {
  url: string;
  description?: string | null;
};

export type ConnectionCollection = {
  connections: Array<ConnectionResponse>;
  total_entries: number;
};

export type ConnectionPatch = {
  connection_id?: string;
  conn_type?: string;
  description?: string | null;
  host?: string | null;
  login?: string | null;
  schema?: string | null;
  port?: number | null;
  password?: string | null;
  extra?: string | null;
  team_name?: null;
};

export type ConnectionResponse = {
  connection_id: string;
  conn_type: string;
  description: string | null;
  host: string | null;
  login: string | null;
  schema: string | null;
  port: number | null;
  password: string | null;
  extra: string | null;
  team_name: null;
  protocol: string | null;
};

export type ConnectionTestResponse = {
  status: boolean;
  /** What answered, or what is wrong and what to do */
  message: string;
  code: string | null;
  ms: number;
};

export type ConnectionTypes = {
  connection_types: Array<{
  conn_type: string;
  title: string;
  fields: Array<{
  name: string;
  description: string;
  required: boolean;
  secret: boolean;
}>;
  extra: Array<{
  name: string;
  description: string;
  required: boolean;
  secret: boolean;
}>;
  /** Its URL */
  example: string;
}>;
};

export type CreateApiKey = {
  name: string;
  username?: string;
  /** Without any: all that its user may */
  scopes?: Array<ApiKeyScope>;
  expires_at?: string | null;
};

export type CreateAssetEvent = {
  asset_id: number;
  extra?: Record<string, unknown>;
  partition_key?: string | null;
};

export type CreateGrant = {
  username?: string;
  role?: 'viewer' | 'user' | 'op' | 'admin';
  group?: string;
  action: 'read' | 'operate' | 'edit';
  object: 'dag' | 'asset' | 'connection';
  /** `*` stands for any text */
  pattern: string;
};

export type CreateUser = {
  username: string;
  password?: string;
  display_name?: string;
  email?: string;
  roles?: Array<'viewer' | 'user' | 'op' | 'admin'>;
};

export type CreatedApiKey = {
  id: number;
  name: string;
  /** Whose rights bound it */
  username: string;
  /** Its last characters */
  hint: string;
  scopes: Array<{
  action: 'read' | 'operate' | 'edit' | 'administer';
  object: string;
  pattern: string;
}>;
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
  revoked_at: string | null;
  /** Shown this once, and kept nowhere */
  key: string;
};

export type CursorCollection = {
  cursors: Array<CursorResponse>;
  total_entries: number;
};

export type CursorPatch = {
  /** In the column type's own form: the next run reads from it on */
  value: string;
};

export type CursorResponse = {
  name: string;
  connection_id: string;
  table: string;
  value: string | null;
  remembered_from: string | null;
  remembered_rows: number;
  position: unknown;
  updated_at: string;
  load_id: string | null;
};

export type Dag = {
  dag_id: string;
  dag_display_name: string;
  is_paused: boolean;
  paused_reason: string | null;
  is_stale: boolean;
  last_parsed_time: string | null;
  last_parse_duration: number | null;
  last_expired: string | null;
  bundle_name: string | null;
  bundle_version: string | null;
  relative_fileloc: string | null;
  fileloc: string;
  file_token: string;
  description: string | null;
  timetable_summary: string | null;
  timetable_description: string | null;
  timetable_partitioned: boolean;
  /** Its schedule comes again and again: not by hand, by assets alone, or once */
  timetable_periodic: boolean;
  /** Its schedule has dates that a backfill can fill */
  is_backfillable: boolean;
  tags: Array<DagTag>;
  max_active_tasks: number;
  max_active_runs: number | null;
  max_consecutive_failed_dag_runs: number;
  has_task_concurrency_limits: boolean;
  has_import_errors: boolean;
  next_dagrun_logical_date: string | null;
  next_dagrun_data_interval_start: string | null;
  next_dagrun_data_interval_end: string | null;
  next_dagrun_run_after: string | null;
  allowed_run_types: Array<DagRunType> | null;
  owners: Array<string>;
};

export type DagCollection = {
  dags: Array<Dag>;
  total_entries: number;
};

export type DagDetails = {
  dag_id: string;
  dag_display_name: string;
  is_paused: boolean;
  paused_reason: string | null;
  is_stale: boolean;
  last_parsed_time: string | null;
  last_parse_duration: number | null;
  last_expired: string | null;
  bundle_name: string | null;
  bundle_version: string | null;
  relative_fileloc: string | null;
  fileloc: string;
  file_token: string;
  description: string | null;
  timetable_summary: string | null;
  timetable_description: string | null;
  timetable_partitioned: boolean;
  /** Its schedule comes again and again: not by hand, by assets alone, or once */
  timetable_periodic: boolean;
  /** Its schedule has dates that a backfill can fill */
  is_backfillable: boolean;
  tags: Array<DagTag>;
  max_active_tasks: number;
  max_active_runs: number | null;
  max_consecutive_failed_dag_runs: number;
  has_task_concurrency_limits: boolean;
  has_import_errors: boolean;
  next_dagrun_logical_date: string | null;
  next_dagrun_data_interval_start: string | null;
  next_dagrun_data_interval_end: string | null;
  next_dagrun_run_after: string | null;
  allowed_run_types: Array<DagRunType> | null;
  owners: Array<string>;
  catchup: boolean;
  concurrency: number;
  dag_run_timeout: null;
  default_args: Record<string, unknown> | null;
  doc_md: string | null;
  start_date: string | null;
  end_date: string | null;
  is_paused_upon_creation: boolean;
  last_parsed: string | null;
  latest_dag_version: DagVersion | null;
  owner_links: Record<string, string>;
  params: Record<string, unknown>;
  params_schema: Record<string, unknown> | null;
  render_template_as_native_obj: boolean;
  template_search_path: null;
  timezone: string | null;
  is_favorite: boolean;
  /** Runs that are running */
  active_runs_count: number;
};

export type DagPatch = {
  is_paused: boolean;
};

export type DagRun = {
  dag_run_id: string;
  dag_id: string;
  dag_display_name: string;
  logical_date: string | null;
  queued_at: string | null;
  start_date: string | null;
  end_date: string | null;
  duration: number | null;
  data_interval_start: string | null;
  data_interval_end: string | null;
  run_after: string;
  last_scheduling_decision: string | null;
  run_type: DagRunType;
  state: DagRunState;
  triggered_by: string | null;
  triggering_user_name: string | null;
  conf: Record<string, unknown> | null;
  note: string | null;
  dag_versions: Array<DagVersion>;
  bundle_version: string | null;
  partition_key: string | null;
};

export type DagRunAssetReference = {
  run_id: string;
  dag_id: string;
  logical_date: string | null;
  start_date: string | null;
  end_date: string | null;
  state: DagRunState;
  data_interval_start: string | null;
  data_interval_end: string | null;
  partition_key: string | null;
  triggering: boolean;
};

export type DagRunCollection = {
  dag_runs: Array<DagRun>;
  total_entries: number;
  /** Of the page after this one; null: this is the last */
  next_cursor: string | null;
  /** False: the list is longer. Rows are counted up to 10 000 after the page, and total_entries is where counting ended */
  total_is_exact: boolean;
};

export type DagRunPatch = {
  state?: 'queued' | 'success' | 'failed' | null;
  note?: RunNote;
};

export type DagRunState = 'queued' | 'running' | 'success' | 'failed';

export type DagRunType = 'backfill' | 'scheduled' | 'manual' | 'asset_triggered' | 'asset_materialization';

export type DagRunsBatch = {
  /** At most 100 are given */
  page_limit?: number;
  page_offset?: number;
  order_by?: string | null;
  /** The next_cursor of the page before, with the same order_by; offset is not looked at. Empty: the first page */
  cursor?: string;
  dag_ids?: BatchIds;
  states?: Array<DagRunState | null> | null;
  conf_contains?: RunNote;
  run_after_gte?: string | null;
  run_after_gt?: string | null;
  run_after_lte?: string | null;
  run_after_lt?: string | null;
  logical_date_gte?: string | null;
  logical_date_gt?: string | null;
  logical_date_lte?: string | null;
  logical_date_lt?: string | null;
  start_date_gte?: string | null;
  start_date_gt?: string | null;
  start_date_lte?: string | null;
  start_date_lt?: string | null;
  end_date_gte?: string | null;
  end_date_gt?: string | null;
  end_date_lte?: string | null;
  end_date_lt?: string | null;
  duration_gte?: number | null;
  duration_gt?: number | null;
  duration_lte?: number | null;
  duration_lt?: number | null;
};

export type DagSource = {
  content: string | null;
  dag_id: string;
  version_number: number | null;
  dag_display_name: string;
};

export type DagSpecDocument = {
  dag_id: string;
  version_number: number;
  bundle_hash: string;
  spec: Record<string, unknown>;
};

export type DagStatsCollection = {
  dags: Array<{
  dag_id: string;
  dag_display_name: string;
  stats: Array<{
  state: DagRunState;
  count: number;
}>;
}>;
  total_entries: number;
};

export type DagTag = {
  name: string;
  dag_id: string;
  dag_display_name: string;
};

export type DagTagCollection = {
  tags: Array<string>;
  total_entries: number;
};

export type DagVersion = {
  id: string;
  version_number: number;
  dag_id: string;
  dag_display_name: string;
  bundle_name: string | null;
  bundle_version: string | null;
  bundle_url: string | null;
  created_at: string;
};

export type DagVersionCollection = {
  dag_versions: Array<DagVersion>;
  total_entries: number;
};

export type DagVersionDiff = {
  dag_id: string;
  before: number;
  after: number;
  tasks: {
  added: Array<string>;
  removed: Array<string>;
  changed: Array<{
  task_id: string;
  fields: Array<{
  path: string;
  before?: unknown;
  after?: unknown;
}>;
}>;
};
  edges: {
  added: Array<{
  from: string;
  to: string;
}>;
  removed: Array<{
  from: string;
  to: string;
}>;
};
  schedule: Array<{
  path: string;
  before?: unknown;
  after?: unknown;
}>;
  dag: Array<{
  path: string;
  before?: unknown;
  after?: unknown;
}>;
  code: Array<{
  file: string;
  change: 'added' | 'removed' | 'changed';
  diff: string;
  truncated: boolean;
}>;
};

export type DagWarningCollection = {
  dag_warnings: Array<{
  dag_id: string;
  dag_display_name: string;
  warning_type: 'asset conflict' | 'non-existent pool' | 'runtime varying value';
  message: string;
  timestamp: string;
}>;
  total_entries: number;
};

export type DataCheck = {
  /** Newer ones are greater */
  id: number;
  dag_id: string;
  dag_run_id: string;
  task_id: string;
  map_index: number;
  try_number: number;
  connection_id: string;
  /** Or the path of a file, the content of a package, a request */
  table: string;
  partition: Record<string, string>;
  load_id: string | null;
  /** not_null, unique … */
  name: string;
  columns: Array<string>;
  severity: string;
  stage: string | null;
  ok: boolean;
  /** Rows that break it; for those that count rows, the number of rows */
  count: number;
  samples: Array<string>;
  detail: Record<string, unknown> | null;
  checked_at: string;
};

export type DataCheckPage = {
  checks: Array<DataCheck>;
  next_cursor: string | null;
};

export type DataLoad = {
  /** Newer ones are greater */
  id: number;
  dag_id: string;
  dag_run_id: string;
  task_id: string;
  map_index: number;
  try_number: number;
  connection_id: string;
  /** Or the path of a file, the content of a package, a request */
  table: string;
  partition: Record<string, string>;
  load_id: string | null;
  kind: 'package' | 'lake' | 'table' | 'file' | 'delivery';
  disposition: string | null;
  data_interval_start: string | null;
  data_interval_end: string | null;
  rows_in: number;
  rows_out: number;
  rows_deduplicated: number;
  rows_quarantined: number;
  rows_inserted: number | null;
  rows_updated: number | null;
  rows_deleted: number | null;
  rows_unchanged: number | null;
  bytes: number | null;
  version: number | null;
  /** The target held exactly these rows before */
  unchanged: boolean;
  schema_hash: string;
  columns: Array<{
  name: string;
  type: string;
}>;
  drift: Array<Record<string, unknown>>;
  cursor: Record<string, unknown> | null;
  quarantine: string | null;
  checks: number;
  checks_failed: number;
  committed_at: string;
};

export type DataLoadPage = {
  loads: Array<DataLoad>;
  next_cursor: string | null;
};

export type DryRunBackfill = {
  logical_date: string | null;
  partition_key: string | null;
  partition_date: string | null;
  action: 'create' | 'clear';
  dag_run_id: string | null;
};

export type DryRunBackfillCollection = {
  backfills: Array<DryRunBackfill>;
  total_entries: number;
  skipped: Array<{
  logical_date: string;
  dag_run_id: string;
  reason: string;
}>;
};

export type EndedSessions = {
  ended: number;
};

export type EventLog = {
  event_log_id: number;
  when: string;
  dag_id: string | null;
  task_id: string | null;
  run_id: string | null;
  map_index: number | null;
  try_number: number | null;
  /** The operation, as the OpenAPI document names it */
  event: string;
  logical_date: string | null;
  owner: string | null;
  extra: string | null;
  dag_display_name: string | null;
  task_display_name: string | null;
};

export type EventLogCollection = {
  event_logs: Array<EventLog>;
  total_entries: number;
};

export type ExtraLinkCollection = {
  extra_links: Record<string, string | null>;
  total_entries: number;
};

export type Grant = {
  id: number;
  username: string | null;
  role: string | null;
  group: string | null;
  action: 'read' | 'operate' | 'edit' | 'administer';
  object: 'dag' | 'asset' | 'connection';
  pattern: string;
  created_at: string;
  created_by: string | null;
};

export type GrantCollection = {
  grants: Array<Grant>;
  total_entries: number;
};

export type HealthInfo = {
  metadatabase: {
  status: 'healthy' | 'unhealthy' | null;
};
  scheduler: {
  status: 'healthy' | 'unhealthy' | null;
  latest_scheduler_heartbeat: string | null;
};
  triggerer: {
  status: null;
  latest_triggerer_heartbeat: null;
};
  dag_processor: {
  status: 'healthy' | 'unhealthy' | null;
  latest_dag_processor_heartbeat: string | null;
};
  workers: {
  status: 'healthy' | 'unhealthy' | null;
  alive: number;
  slots: number;
  latest_worker_heartbeat: string | null;
};
};

export type HitlDetail = {
  options: Array<string>;
  subject: string;
  body: string | null;
  defaults: Array<string> | null;
  multiple: boolean;
  params: Record<string, unknown>;
  params_input: Record<string, unknown>;
  assigned_users: Array<{
  id: string;
  name: string;
}>;
  created_at: string;
  responded_by_user: {
  id: string;
  name: string;
} | null;
  responded_at: string | null;
  chosen_options: Array<string> | null;
  response_received: boolean;
  schema: Record<string, unknown>;
  key: string;
  timeout_at: string | null;
  task_instance: TaskInstance;
};

export type HitlDetailCollection = {
  hitl_details: Array<HitlDetail>;
  total_entries: number;
};

export type HitlDetailResponse = {
  responded_by: {
  id: string;
  name: string;
};
  responded_at: string;
  chosen_options: Array<string>;
  params_input: Record<string, unknown>;
};

export type ImportErrorCollection = {
  import_errors: Array<ImportErrorEntry>;
  total_entries: number;
};

export type ImportErrorEntry = {
  import_error_id: number;
  timestamp: string;
  filename: string;
  bundle_name: string | null;
  stack_trace: string;
  code: string;
  message: string;
  line: number | null;
  column: number | null;
};

export type Job = {
  id: number;
  dag_id: null;
  dag_display_name: null;
  state: 'running' | 'failed' | null;
  job_type: 'SchedulerJob' | 'WorkerJob' | null;
  start_date: string | null;
  end_date: null;
  latest_heartbeat: string | null;
  executor_class: null;
  hostname: string | null;
  unixname: null;
};

export type JobCollection = {
  jobs: Array<Job>;
  total_entries: number;
};

export type LineageAsset = {
  id: string;
  columns: Array<{
  name: string;
  type: string;
}>;
};

export type LineageColumnEdge = {
  from_asset: string;
  from_column: string;
  to_asset: string;
  to_column: string;
  task: string;
};

export type LineageGraph = {
  roots: Array<string>;
  assets: Array<LineageAsset>;
  tasks: Array<LineageTask>;
  column_edges: Array<LineageColumnEdge>;
  cut: boolean;
};

export type LineageTask = {
  id: string;
  dag_id: string;
  task_id: string;
  reads: Array<string>;
  writes: Array<string>;
  dag_run_id: string | null;
  seen_at: string | null;
};

export type LogMatch = {
  task_id: string;
  map_index: number;
  try_number: number;
  event: string;
  timestamp?: string;
  level?: string;
  logger?: string;
  fields?: Record<string, unknown>;
  trace_id?: string;
  span_id?: string;
};

export type LogMessage = {
  event: string;
  timestamp?: string;
  level?: string;
  logger?: string;
  fields?: Record<string, unknown>;
  trace_id?: string;
  span_id?: string;
};

export type LogSearchResult = {
  matches: Array<LogMatch>;
  cut: 'matches' | 'bytes' | 'time' | null;
  next_cursor: string | null;
  scanned_bytes: number;
  scanned_logs: number;
};

export type LoginBody = {
  username: string;
  password: string;
};

export type LoginResponse = {
  /** Send it as `Authorization: Bearer …`. It expires; it is not shown again */
  access_token: string;
};

export type MarkTaskInstance = {
  new_state?: TaskInstanceState | null;
  note?: RunNote;
  include_upstream?: boolean;
  include_downstream?: boolean;
  include_future?: boolean;
  include_past?: boolean;
};

export type MaterializeAsset = {
  dag_run_id?: string | null;
  logical_date?: string | null;
  data_interval_start?: string | null;
  data_interval_end?: string | null;
  run_after?: string | null;
  conf?: Record<string, unknown> | null;
  note?: RunNote;
  partition_key?: string | null;
};

export type Me = {
  username: string;
  credential: 'service' | 'bearer' | 'session' | 'key';
  roles: Array<string>;
  groups: Array<string>;
  permissions: Record<string, string>;
};

export type Notice = {
  id: number;
  key: string;
  idempotency_key: string;
  event: string;
  dag_id: string | null;
  dag_run_id: string | null;
  target: Record<string, unknown>;
  payload: Record<string, unknown>;
  state: NoticeState;
  attempts: number;
  next_at: string | null;
  last_error: string | null;
  created_at: string;
  delivered_at: string | null;
};

export type NoticeCollection = {
  notices: Array<Notice>;
  total_entries: number;
};

export type NoticeState = 'pending' | 'delivered' | 'dead';

export type Partition = {
  partition_key: string;
  state: PartitionState;
  start: string | null;
  end: string | null;
  last_event: {
  id: number;
  timestamp: string;
  extra: Record<string, unknown>;
  source_dag_id: string | null;
  source_run_id: string | null;
  source_task_id: string | null;
} | null;
  newest_run: {
  dag_id: string;
  dag_run_id: string;
  state: DagRunState;
} | null;
};

export type PartitionCollection = {
  asset_id: number;
  asset_name: string;
  partitions: Array<Partition>;
  total_entries: number;
};

export type PartitionState = 'missing' | 'fresh' | 'running' | 'failed';

export type PatchUser = {
  password?: string;
  display_name?: string | null;
  email?: string | null;
  roles?: Array<'viewer' | 'user' | 'op' | 'admin'>;
  /** False ends all sessions, and no credential of the user is good any more */
  is_active?: boolean;
};

export type PluginCollection = {
  plugins: Array<{
  name: string;
}>;
  total_entries: number;
};

export type PluginImportErrorCollection = {
  import_errors: Array<{
  source: string;
  error: string;
}>;
  total_entries: number;
};

export type PoolBody = {
  name: string;
  /** How many. -1: as many as are asked for */
  slots: number;
  description?: string | null;
  include_deferred?: boolean;
  team_name?: null;
};

export type PoolCollection = {
  pools: Array<PoolResponse>;
  total_entries: number;
};

export type PoolPatch = {
  pool?: string | null;
  slots?: number | null;
  description?: string | null;
  include_deferred?: boolean | null;
  team_name?: null;
};

export type PoolResponse = {
  name: string;
  /** How many. -1: as many as are asked for */
  slots: number;
  description: string | null;
  /** Deferred tasks hold their slots, too */
  include_deferred: boolean;
  occupied_slots: number;
  running_slots: number;
  queued_slots: number;
  scheduled_slots: number;
  deferred_slots: number;
  open_slots: number;
  team_name: null;
};

export type ProviderCollection = {
  providers: Array<{
  package_name: string;
  description: string;
  version: string;
  documentation_url: string | null;
}>;
  total_entries: number;
};

export type QueuedEvent = {
  dag_id: string;
  dag_display_name: string;
  asset_id: number;
  created_at: string;
  event_count: number;
};

export type QueuedEventCollection = {
  queued_events: Array<QueuedEvent>;
  total_entries: number;
};

export type ReprocessBehavior = 'failed' | 'completed' | 'none';

export type RotatedConnections = {
  rotated: number;
  unchanged: number;
};

export type RunExplanation = {
  dag_id: string;
  dag_run_id: string;
  state: DagRunState;
  causes: Array<{
  cause: string;
  reason: string;
}>;
  conditions: Array<{
  rule: string;
  passed: boolean;
  reason: string;
}>;
};

export type RunNote = string | null;

export type SessionCollection = {
  sessions: Array<SessionEntry>;
  total_entries: number;
};

export type SessionEntry = {
  id: number;
  kind: 'cookie' | 'bearer';
  created_at: string;
  last_used_at: string;
  expires_at: string;
  address: string | null;
  client: string | null;
};

export type SessionLoginBody = {
  username: string;
  password: string;
  /** A path of ours to go to afterwards, for forms */
  next?: string;
};

export type Task = {
  task_id: string;
  task_display_name: string;
  owner: string | null;
  start_date: null;
  end_date: null;
  trigger_rule: string;
  depends_on_past: boolean;
  wait_for_downstream: boolean;
  retries: number;
  queue: string | null;
  pool: string | null;
  pool_slots: number;
  execution_timeout: TimeDelta | null;
  retry_delay: TimeDelta | null;
  retry_exponential_backoff: number;
  priority_weight: number;
  weight_rule: string;
  ui_color: string | null;
  ui_fgcolor: string | null;
  template_fields: Array<string>;
  downstream_task_ids: Array<string>;
  doc_md: string | null;
  operator_name: string | null;
  params: Record<string, unknown>;
  class_ref: Record<string, unknown>;
  is_mapped: boolean;
  extra_links: Array<string>;
  connections: Array<string>;
  variables: Array<string>;
};

export type TaskCollection = {
  tasks: Array<Task>;
  total_entries: number;
};

export type TaskDependencyCollection = {
  dependencies: Array<{
  name: string;
  reason: string;
}>;
};

export type TaskExplanation = {
  dag_id: string;
  dag_run_id: string;
  task_id: string;
  map_index: number;
  state: TaskInstanceState | null;
  conditions: Array<{
  rule: string;
  passed: boolean;
  reason: string;
}>;
};

export type TaskInstance = {
  task_id: string;
  dag_id: string;
  dag_run_id: string;
  map_index: number;
  start_date: string | null;
  end_date: string | null;
  duration: number | null;
  state: TaskInstanceState | null;
  try_number: number;
  max_tries: number;
  task_display_name: string;
  dag_display_name: string;
  hostname: string | null;
  unixname: string | null;
  pool: string;
  pool_slots: number;
  queue: string | null;
  priority_weight: number | null;
  operator: string | null;
  operator_name: string | null;
  queued_when: string | null;
  scheduled_when: string | null;
  pid: number | null;
  executor: string | null;
  executor_config: string;
  dag_version: DagVersion | null;
  error: {
  name: string;
  message: string;
  code: string | null;
  stack: string | null;
} | null;
  reason: string | null;
  id: string;
  logical_date: string | null;
  run_after: string;
  note: string | null;
  rendered_map_index: string | null;
  rendered_fields: Record<string, unknown>;
  trigger: null;
  triggerer_job: null;
  due_at: string | null;
};

export type TaskInstanceCollection = {
  task_instances: Array<TaskInstance>;
  total_entries: number;
};

export type TaskInstancePage = {
  task_instances: Array<TaskInstance>;
  total_entries: number;
  /** Of the page after this one; null: this is the last */
  next_cursor: string | null;
  /** False: the list is longer. Rows are counted up to 10 000 after the page, and total_entries is where counting ended */
  total_is_exact: boolean;
};

export type TaskInstanceState = 'scheduled' | 'queued' | 'running' | 'success' | 'failed' | 'skipped' | 'upstream_failed' | 'up_for_retry' | 'up_for_reschedule' | 'deferred' | 'awaiting_input' | 'restarting' | 'removed';

export type TaskInstanceTry = {
  task_id: string;
  dag_id: string;
  dag_run_id: string;
  map_index: number;
  start_date: string | null;
  end_date: string | null;
  duration: number | null;
  state: TaskInstanceState | null;
  try_number: number;
  max_tries: number;
  task_display_name: string;
  dag_display_name: string;
  hostname: string | null;
  unixname: string | null;
  pool: string;
  pool_slots: number;
  queue: string | null;
  priority_weight: number | null;
  operator: string | null;
  operator_name: string | null;
  queued_when: string | null;
  scheduled_when: string | null;
  pid: number | null;
  executor: string | null;
  executor_config: string;
  dag_version: DagVersion | null;
  error: {
  name: string;
  message: string;
  code: string | null;
  stack: string | null;
} | null;
  reason: string | null;
};

export type TaskInstanceTryCollection = {
  task_instances: Array<TaskInstanceTry>;
  total_entries: number;
};

export type TaskInstancesBatch = {
  /** At most 100 are given */
  page_limit?: number;
  page_offset?: number;
  order_by?: string | null;
  /** The next_cursor of the page before, with the same order_by; offset is not looked at. Empty: the first page */
  cursor?: string;
  dag_ids?: BatchIds;
  dag_run_ids?: BatchIds;
  task_ids?: BatchIds;
  state?: Array<TaskInstanceState | 'none' | 'no_status' | null> | null;
  pool?: BatchIds;
  queue?: BatchIds;
  executor?: BatchIds;
  run_after_gte?: string | null;
  run_after_gt?: string | null;
  run_after_lte?: string | null;
  run_after_lt?: string | null;
  logical_date_gte?: string | null;
  logical_date_gt?: string | null;
  logical_date_lte?: string | null;
  logical_date_lt?: string | null;
  start_date_gte?: string | null;
  start_date_gt?: string | null;
  start_date_lte?: string | null;
  start_date_lt?: string | null;
  end_date_gte?: string | null;
  end_date_gt?: string | null;
  end_date_lte?: string | null;
  end_date_lt?: string | null;
  duration_gte?: number | null;
  duration_gt?: number | null;
  duration_lte?: number | null;
  duration_lt?: number | null;
};

export type TaskLog = {
  content: Array<LogMessage>;
  continuation_token: string | null;
};

export type TaskProgress = {
  task_id: string;
  map_index: number;
  /** What it does now: reading, checking, writing … */
  phase: string;
  rows: number | null;
  bytes: number | null;
  total_rows: number | null;
  total_bytes: number | null;
  rows_per_second: number | null;
  bytes_per_second: number | null;
  fraction: number | null;
  remaining_seconds: number | null;
  began_at: string;
  told_at: string;
  /** How old the figures are: they stay when the work stalls */
  age_seconds: number;
};

export type TaskProgressCollection = {
  progress: Array<TaskProgress>;
};

export type TimeDelta = {
  __type: 'TimeDelta';
  days: number;
  seconds: number;
  microseconds: number;
};

export type TriggerDagRun = {
  dag_run_id?: string | null;
  logical_date?: string | null;
  data_interval_start?: string | null;
  data_interval_end?: string | null;
  run_after?: string | null;
  conf?: Record<string, unknown> | null;
  note?: RunNote;
  partition_key?: string | null;
};

export type UpcomingRuns = {
  upcoming_runs: Array<{
  logical_date: string;
  data_interval_start: string;
  data_interval_end: string;
  run_after: string;
}>;
};

export type UpdateHitlDetail = {
  chosen_options: Array<string>;
  params_input?: Record<string, unknown>;
};

export type User = {
  username: string;
  display_name: string | null;
  email: string | null;
  roles: Array<'viewer' | 'user' | 'op' | 'admin'>;
  groups: Array<string>;
  is_active: boolean;
  has_password: boolean;
  identity: {
  issuer: string;
  subject: string;
} | null;
  created_at: string;
  last_login_at: string | null;
};

export type UserCollection = {
  users: Array<User>;
  total_entries: number;
};

export type VariableBody = {
  key: string;
  /** A text is kept as it is, anything else as JSON */
  value: unknown;
  description?: string | null;
  team_name?: null;
};

export type VariableCollection = {
  variables: Array<VariableResponse>;
  total_entries: number;
};

export type VariableResponse = {
  key: string;
  /** `***` where the name says that it is a secret */
  value: string;
  description: string | null;
  is_encrypted: boolean;
  team_name: null;
};

export type VersionInfo = {
  version: string;
  git_version: string | null;
};

export type Wait = {
  id: string;
  dag_id: string;
  dag_run_id: string;
  task_id: string;
  map_index: number;
  try_number: number;
  key: string;
  kind: 'time' | 'asset' | 'run' | 'webhook' | 'input' | 'poll';
  waits_for: string;
  condition: Record<string, unknown>;
  on_timeout: 'fail' | 'skip' | 'continue';
  entered_at: string;
  timeout_at: string | null;
  ended_at: string | null;
  outcome: 'met' | 'timeout' | 'failed' | 'closed' | null;
  ended_by: string | null;
};

export type WaitCollection = {
  waits: Array<Wait>;
  total_entries: number;
};

export type WaitEnded = {
  outcome: 'met';
};

export type XComCollection = {
  xcom_entries: Array<{
  key: string;
  timestamp: string;
  logical_date: string | null;
  map_index: number;
  task_id: string;
  dag_id: string;
  run_id: string;
  dag_display_name: string;
  task_display_name: string;
  run_after: string;
}>;
  total_entries: number;
};

export type XComCreate = {
  key: string;
  /** Any JSON */
  value: unknown;
  map_index?: number;
};

export type XComEntry = {
  key: string;
  timestamp: string;
  logical_date: string | null;
  map_index: number;
  task_id: string;
  dag_id: string;
  run_id: string;
  dag_display_name: string;
  task_display_name: string;
  run_after: string;
  value: unknown;
};

export type XComUpdate = {
  /** Any JSON */
  value: unknown;
  map_index?: number;
};

/** Method, path and the form of the answer, by operation. */
export const OPERATIONS = {
  add_asset_partitions: ['POST', '/headrace/v1/assets/{asset_name}/partitions', 'application/json'],
  bulk_connections: ['PATCH', '/api/v2/connections', 'application/json'],
  bulk_pools: ['PATCH', '/api/v2/pools', 'application/json'],
  bulk_task_instances: ['PATCH', '/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances', 'application/json'],
  bulk_variables: ['PATCH', '/api/v2/variables', 'application/json'],
  call_wait: ['POST', '/headrace/v1/waits/{wait_token}', 'application/json'],
  cancel_backfill: ['PUT', '/api/v2/backfills/{backfill_id}/cancel', 'application/json'],
  change_own_password: ['POST', '/headrace/v1/me/password', 'application/json'],
  clear_dag_run: ['POST', '/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/clear', 'application/json'],
  create_api_key: ['POST', '/headrace/v1/tokens', 'application/json'],
  create_asset_event: ['POST', '/api/v2/assets/events', 'application/json'],
  create_backfill: ['POST', '/api/v2/backfills', 'application/json'],
  create_backfill_dry_run: ['POST', '/api/v2/backfills/dry_run', 'application/json'],
  create_default_connections: ['POST', '/api/v2/connections/defaults', 'application/json'],
  create_grant: ['POST', '/headrace/v1/grants', 'application/json'],
  create_token: ['POST', '/auth/token', 'application/json'],
  create_token_cli: ['POST', '/auth/token/cli', 'application/json'],
  create_user: ['POST', '/headrace/v1/users', 'application/json'],
  create_xcom_entry: ['POST', '/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries', 'application/json'],
  delete_asset_queued_events: ['DELETE', '/api/v2/assets/{asset_id}/queuedEvents', 'application/json'],
  delete_connection: ['DELETE', '/api/v2/connections/{connection_id}', 'application/json'],
  delete_cursor: ['DELETE', '/headrace/v1/cursors/{cursor_name}', 'application/json'],
  delete_dag: ['DELETE', '/api/v2/dags/{dag_id}', 'application/json'],
  delete_dag_asset_queued_event: ['DELETE', '/api/v2/dags/{dag_id}/assets/{asset_id}/queuedEvents', 'application/json'],
  delete_dag_asset_queued_events: ['DELETE', '/api/v2/dags/{dag_id}/assets/queuedEvents', 'application/json'],
  delete_dag_run: ['DELETE', '/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}', 'application/json'],
  delete_grant: ['DELETE', '/headrace/v1/grants/{grant_id}', 'application/json'],
  delete_pool: ['DELETE', '/api/v2/pools/{pool_name}', 'application/json'],
  delete_task_instance: ['DELETE', '/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}', 'application/json'],
  delete_user: ['DELETE', '/headrace/v1/users/{user_name}', 'application/json'],
  delete_variable: ['DELETE', '/api/v2/variables/{variable_key}', 'application/json'],
  delete_xcom_entry: ['DELETE', '/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries/{xcom_key}', 'application/json'],
  diff_dag_versions: ['GET', '/headrace/v1/dags/{dag_id}/versions/{version_number}/diff/{other_number}', 'application/json'],
  end_own_sessions: ['DELETE', '/headrace/v1/me/sessions', 'application/json'],
  end_user_sessions: ['DELETE', '/headrace/v1/users/{user_name}/sessions', 'application/json'],
  explain_dag_run: ['GET', '/headrace/v1/dags/{dag_id}/dagRuns/{dag_run_id}/explain', 'application/json'],
  explain_task_instance: ['GET', '/headrace/v1/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/explain', 'application/json'],
  favorite_dag: ['POST', '/api/v2/dags/{dag_id}/favorite', 'application/json'],
  follow_events: ['GET', '/headrace/v1/events', 'text/event-stream'],
  follow_log: ['GET', '/headrace/v1/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/logs/{try_number}/live', 'text/event-stream'],
  get_api_keys: ['GET', '/headrace/v1/tokens', 'application/json'],
  get_asset: ['GET', '/api/v2/assets/{asset_id}', 'application/json'],
  get_asset_alias: ['GET', '/api/v2/assets/aliases/{asset_alias_id}', 'application/json'],
  get_asset_aliases: ['GET', '/api/v2/assets/aliases', 'application/json'],
  get_asset_events: ['GET', '/api/v2/assets/events', 'application/json'],
  get_asset_partitions: ['GET', '/headrace/v1/assets/{asset_name}/partitions', 'application/json'],
  get_asset_queued_events: ['GET', '/api/v2/assets/{asset_id}/queuedEvents', 'application/json'],
  get_assets: ['GET', '/api/v2/assets', 'application/json'],
  get_audit: ['GET', '/headrace/v1/audit', 'application/json'],
  get_backfill: ['GET', '/api/v2/backfills/{backfill_id}', 'application/json'],
  get_checks: ['GET', '/headrace/v1/checks', 'application/json'],
  get_config: ['GET', '/api/v2/config', 'application/json'],
  get_config_value: ['GET', '/api/v2/config/section/{section}/option/{option}', 'application/json'],
  get_connection: ['GET', '/api/v2/connections/{connection_id}', 'application/json'],
  get_connection_types: ['GET', '/headrace/v1/connectionTypes', 'application/json'],
  get_connections: ['GET', '/api/v2/connections', 'application/json'],
  get_cursors: ['GET', '/headrace/v1/cursors', 'application/json'],
  get_dag: ['GET', '/api/v2/dags/{dag_id}', 'application/json'],
  get_dag_asset_queued_event: ['GET', '/api/v2/dags/{dag_id}/assets/{asset_id}/queuedEvents', 'application/json'],
  get_dag_asset_queued_events: ['GET', '/api/v2/dags/{dag_id}/assets/queuedEvents', 'application/json'],
  get_dag_details: ['GET', '/api/v2/dags/{dag_id}/details', 'application/json'],
  get_dag_run: ['GET', '/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}', 'application/json'],
  get_dag_runs: ['GET', '/api/v2/dags/{dag_id}/dagRuns', 'application/json'],
  get_dag_source: ['GET', '/api/v2/dagSources/{dag_id}', 'application/json'],
  get_dag_spec: ['GET', '/headrace/v1/dags/{dag_id}/spec', 'application/json'],
  get_dag_stats: ['GET', '/api/v2/dagStats', 'application/json'],
  get_dag_tags: ['GET', '/api/v2/dagTags', 'application/json'],
  get_dag_version: ['GET', '/api/v2/dags/{dag_id}/dagVersions/{version_number}', 'application/json'],
  get_dag_versions: ['GET', '/api/v2/dags/{dag_id}/dagVersions', 'application/json'],
  get_dags: ['GET', '/api/v2/dags', 'application/json'],
  get_event_log: ['GET', '/api/v2/eventLogs/{event_log_id}', 'application/json'],
  get_event_logs: ['GET', '/api/v2/eventLogs', 'application/json'],
  get_external_log_url: ['GET', '/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/externalLogUrl/{try_number}', 'application/json'],
  get_extra_links: ['GET', '/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/links', 'application/json'],
  get_grants: ['GET', '/headrace/v1/grants', 'application/json'],
  get_health: ['GET', '/api/v2/monitor/health', 'application/json'],
  get_hitl_detail: ['GET', '/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/hitlDetails', 'application/json'],
  get_hitl_detail_try_detail: ['GET', '/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/hitlDetails/tries/{try_number}', 'application/json'],
  get_hitl_details: ['GET', '/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/hitlDetails', 'application/json'],
  get_import_error: ['GET', '/api/v2/importErrors/{import_error_id}', 'application/json'],
  get_import_errors: ['GET', '/api/v2/importErrors', 'application/json'],
  get_jobs: ['GET', '/api/v2/jobs', 'application/json'],
  get_latest_loads: ['GET', '/headrace/v1/loads/latest', 'application/json'],
  get_lineage: ['GET', '/headrace/v1/lineage', 'application/json'],
  get_list_dag_runs_batch: ['POST', '/api/v2/dags/{dag_id}/dagRuns/list', 'application/json'],
  get_loads: ['GET', '/headrace/v1/loads', 'application/json'],
  get_log: ['GET', '/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/logs/{try_number}', 'application/json'],
  get_mapped_task_instance: ['GET', '/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}', 'application/json'],
  get_mapped_task_instance_tries: ['GET', '/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/tries', 'application/json'],
  get_mapped_task_instance_try_details: ['GET', '/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/tries/{task_try_number}', 'application/json'],
  get_mapped_task_instances: ['GET', '/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/listMapped', 'application/json'],
  get_me: ['GET', '/headrace/v1/me', 'application/json'],
  get_notice: ['GET', '/headrace/v1/notices/{notice_id}', 'application/json'],
  get_notices: ['GET', '/headrace/v1/notices', 'application/json'],
  get_own_sessions: ['GET', '/headrace/v1/me/sessions', 'application/json'],
  get_plugins: ['GET', '/api/v2/plugins', 'application/json'],
  get_pool: ['GET', '/api/v2/pools/{pool_name}', 'application/json'],
  get_pools: ['GET', '/api/v2/pools', 'application/json'],
  get_providers: ['GET', '/api/v2/providers', 'application/json'],
  get_run_progress: ['GET', '/headrace/v1/dags/{dag_id}/dagRuns/{dag_run_id}/progress', 'application/json'],
  get_task: ['GET', '/api/v2/dags/{dag_id}/tasks/{task_id}', 'application/json'],
  get_task_instance: ['GET', '/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}', 'application/json'],
  get_task_instance_dependencies: ['GET', '/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/dependencies', 'application/json'],
  get_task_instance_dependencies_by_map_index: ['GET', '/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/dependencies', 'application/json'],
  get_task_instance_tries: ['GET', '/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/tries', 'application/json'],
  get_task_instance_try_details: ['GET', '/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/tries/{task_try_number}', 'application/json'],
  get_task_instances: ['GET', '/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances', 'application/json'],
  get_task_instances_batch: ['POST', '/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/list', 'application/json'],
  get_task_progress: ['GET', '/headrace/v1/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/progress', 'application/json'],
  get_tasks: ['GET', '/api/v2/dags/{dag_id}/tasks', 'application/json'],
  get_upcoming_runs: ['GET', '/headrace/v1/dags/{dag_id}/upcomingRuns', 'application/json'],
  get_upstream_asset_events: ['GET', '/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/upstreamAssetEvents', 'application/json'],
  get_user: ['GET', '/headrace/v1/users/{user_name}', 'application/json'],
  get_users: ['GET', '/headrace/v1/users', 'application/json'],
  get_variable: ['GET', '/api/v2/variables/{variable_key}', 'application/json'],
  get_variables: ['GET', '/api/v2/variables', 'application/json'],
  get_version: ['GET', '/api/v2/version', 'application/json'],
  get_waits: ['GET', '/headrace/v1/waits', 'application/json'],
  get_xcom_entries: ['GET', '/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries', 'application/json'],
  get_xcom_entry: ['GET', '/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries/{xcom_key}', 'application/json'],
  import_errors: ['GET', '/api/v2/plugins/importErrors', 'application/json'],
  list_backfill_runs: ['GET', '/headrace/v1/backfills/{backfill_id}/runs', 'application/json'],
  list_backfills: ['GET', '/api/v2/backfills', 'application/json'],
  list_dag_warnings: ['GET', '/api/v2/dagWarnings', 'application/json'],
  log_in: ['POST', '/auth/login', 'application/json'],
  log_out: ['POST', '/auth/logout', 'application/json'],
  login: ['GET', '/api/v2/auth/login', 'application/json'],
  logout: ['GET', '/api/v2/auth/logout', 'application/json'],
  materialize_asset: ['POST', '/api/v2/assets/{asset_id}/materialize', 'application/json'],
  patch_connection: ['PATCH', '/api/v2/connections/{connection_id}', 'application/json'],
  patch_cursor: ['PATCH', '/headrace/v1/cursors/{cursor_name}', 'application/json'],
  patch_dag: ['PATCH', '/api/v2/dags/{dag_id}', 'application/json'],
  patch_dag_run: ['PATCH', '/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}', 'application/json'],
  patch_dags: ['PATCH', '/api/v2/dags', 'application/json'],
  patch_pool: ['PATCH', '/api/v2/pools/{pool_name}', 'application/json'],
  patch_task_instance: ['PATCH', '/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}', 'application/json'],
  patch_task_instance_by_map_index: ['PATCH', '/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}', 'application/json'],
  patch_task_instance_dry_run: ['PATCH', '/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/dry_run', 'application/json'],
  patch_task_instance_dry_run_by_map_index: ['PATCH', '/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/dry_run', 'application/json'],
  patch_user: ['PATCH', '/headrace/v1/users/{user_name}', 'application/json'],
  patch_variable: ['PATCH', '/api/v2/variables/{variable_key}', 'application/json'],
  pause_backfill: ['PUT', '/api/v2/backfills/{backfill_id}/pause', 'application/json'],
  post_clear_task_instances: ['POST', '/api/v2/dags/{dag_id}/clearTaskInstances', 'application/json'],
  post_connection: ['POST', '/api/v2/connections', 'application/json'],
  post_pool: ['POST', '/api/v2/pools', 'application/json'],
  post_variable: ['POST', '/api/v2/variables', 'application/json'],
  put_connection: ['PUT', '/headrace/v1/connections/{connection_id}', 'application/json'],
  redeliver_notice: ['POST', '/headrace/v1/notices/{notice_id}/redeliver', 'application/json'],
  remove_asset_partition: ['DELETE', '/headrace/v1/assets/{asset_name}/partitions/{partition_key}', 'application/json'],
  reparse_dag_file: ['PUT', '/api/v2/parseDagFile/{file_token}', 'application/json'],
  revoke_api_key: ['DELETE', '/headrace/v1/tokens/{token_id}', 'application/json'],
  rotate_connections: ['POST', '/headrace/v1/connections/rotate', 'application/json'],
  search_logs: ['GET', '/headrace/v1/dags/{dag_id}/dagRuns/{dag_run_id}/logs/search', 'application/json'],
  test_connection: ['POST', '/api/v2/connections/test', 'application/json'],
  test_stored_connection: ['POST', '/headrace/v1/connections/{connection_id}/test', 'application/json'],
  trigger_dag_run: ['POST', '/api/v2/dags/{dag_id}/dagRuns', 'application/json'],
  unfavorite_dag: ['POST', '/api/v2/dags/{dag_id}/unfavorite', 'application/json'],
  unpause_backfill: ['PUT', '/api/v2/backfills/{backfill_id}/unpause', 'application/json'],
  update_hitl_detail: ['PATCH', '/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/hitlDetails', 'application/json'],
  update_xcom_entry: ['PATCH', '/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries/{xcom_key}', 'application/json'],
  verify_audit: ['GET', '/headrace/v1/audit/verify', 'application/json'],
  wait_dag_run_until_finished: ['GET', '/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/wait', 'application/x-ndjson'],
} as const;

/** What each operation takes, and what it answers. */
export interface Operations {
  /** Add asset partitions. Takes `edit` of `asset`. */
  add_asset_partitions: {
    path: {
      /** The name of an asset */
      asset_name: string;
    };
    header?: {
      /** Makes it safe to send the request again: within a day, the same request with the same key is not done again but answered as the first was, with the header `Idempotency-Replayed: true` */
      'Idempotency-Key'?: string;
    };
    body: AddPartitions;
    answer: AddedPartitions;
  };
  /** Bulk connections. Takes `edit` of `connection`. */
  bulk_connections: {
    body: BulkConnections;
    answer: BulkResponse;
  };
  /** Bulk pools. Takes `edit` of `pool`. */
  bulk_pools: {
    body: BulkPools;
    answer: BulkResponse;
  };
  /** Bulk task instances. Takes `operate` of `run`. */
  bulk_task_instances: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** The id of a DAG run; in lists of task instances `~` stands for all runs */
      dag_run_id: string;
    };
    body: BulkTaskInstances;
    answer: BulkResponse;
  };
  /** Bulk variables. Takes `edit` of `variable`. */
  bulk_variables: {
    body: BulkVariables;
    answer: BulkResponse;
  };
  /** Call wait */
  call_wait: {
    path: {
      /** The secret of the wait, as the task got it */
      wait_token: string;
    };
    header?: {
      /** Makes it safe to send the request again: within a day, the same request with the same key is not done again but answered as the first was, with the header `Idempotency-Replayed: true` */
      'Idempotency-Key'?: string;
    };
    body?: unknown;
    answer: WaitEnded;
  };
  /** Cancel backfill. Takes `operate` of `backfill`. */
  cancel_backfill: {
    path: {
      /** The id of a backfill */
      backfill_id: number;
    };
    answer: Backfill;
  };
  /** Change own password. All other sessions and bearer tokens of the user end. */
  change_own_password: {
    header?: {
      /** Makes it safe to send the request again: within a day, the same request with the same key is not done again but answered as the first was, with the header `Idempotency-Replayed: true` */
      'Idempotency-Key'?: string;
    };
    body: ChangeOwnPassword;
    answer: void;
  };
  /** Clear DAG run. Takes `operate` of `run`. */
  clear_dag_run: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** The id of a DAG run; in lists of task instances `~` stands for all runs */
      dag_run_id: string;
    };
    header?: {
      /** Makes it safe to send the request again: within a day, the same request with the same key is not done again but answered as the first was, with the header `Idempotency-Replayed: true` */
      'Idempotency-Key'?: string;
    };
    body?: ClearDagRun;
    answer: TaskInstanceCollection | DagRun;
  };
  /** Create API key. The key is in this answer and nowhere else. It may what its user may, now and later, within its scopes. */
  create_api_key: {
    header?: {
      /** Makes it safe to send the request again: within a day, the same request with the same key is not done again but answered as the first was, with the header `Idempotency-Replayed: true` */
      'Idempotency-Key'?: string;
    };
    body: CreateApiKey;
    answer: CreatedApiKey;
  };
  /** Create asset event. Takes `operate` of `asset`. */
  create_asset_event: {
    header?: {
      /** Makes it safe to send the request again: within a day, the same request with the same key is not done again but answered as the first was, with the header `Idempotency-Replayed: true` */
      'Idempotency-Key'?: string;
    };
    body: CreateAssetEvent;
    answer: AssetEvent;
  };
  /** Create backfill. Takes `operate` of `backfill`. */
  create_backfill: {
    header?: {
      /** Makes it safe to send the request again: within a day, the same request with the same key is not done again but answered as the first was, with the header `Idempotency-Replayed: true` */
      'Idempotency-Key'?: string;
    };
    body: BackfillPost;
    answer: Backfill;
  };
  /** Create backfill dry run. Takes `operate` of `backfill`. */
  create_backfill_dry_run: {
    header?: {
      /** Makes it safe to send the request again: within a day, the same request with the same key is not done again but answered as the first was, with the header `Idempotency-Replayed: true` */
      'Idempotency-Key'?: string;
    };
    body: BackfillPost;
    answer: DryRunBackfillCollection;
  };
  /** Create default connections. Takes `edit` of `connection`. */
  create_default_connections: {
    header?: {
      /** Makes it safe to send the request again: within a day, the same request with the same key is not done again but answered as the first was, with the header `Idempotency-Replayed: true` */
      'Idempotency-Key'?: string;
    };
    answer: void;
  };
  /** Create grant. To a user, a role or a group of the identity provider: one of the three. The same grant again is the one that there is. Takes `administer` of `user`. */
  create_grant: {
    header?: {
      /** Makes it safe to send the request again: within a day, the same request with the same key is not done again but answered as the first was, with the header `Idempotency-Replayed: true` */
      'Idempotency-Key'?: string;
    };
    body: CreateGrant;
    answer: Grant;
  };
  /** Create token. A bearer token for a user of this Headrace. */
  create_token: {
    body: LoginBody;
    answer: LoginResponse;
  };
  /** Create token cli. A bearer token that lasts an hour. */
  create_token_cli: {
    body: LoginBody;
    answer: LoginResponse;
  };
  /** Create user. Takes `administer` of `user`. */
  create_user: {
    header?: {
      /** Makes it safe to send the request again: within a day, the same request with the same key is not done again but answered as the first was, with the header `Idempotency-Replayed: true` */
      'Idempotency-Key'?: string;
    };
    body: CreateUser;
    answer: User;
  };
  /** Create XCom entry. Gives a task that has succeeded without a result one: after it was marked a success, for example. Takes `edit` of `run`. */
  create_xcom_entry: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** The id of a DAG run; in lists of task instances `~` stands for all runs */
      dag_run_id: string;
      /** The id of a task */
      task_id: string;
    };
    header?: {
      /** Makes it safe to send the request again: within a day, the same request with the same key is not done again but answered as the first was, with the header `Idempotency-Replayed: true` */
      'Idempotency-Key'?: string;
    };
    body: XComCreate;
    answer: XComEntry;
  };
  /** Delete asset queued events. Takes `operate` of `asset`. */
  delete_asset_queued_events: {
    path: {
      /** The id of an asset */
      asset_id: number;
    };
    query?: {
      /** Only what was before this instant */
      before?: string;
    };
    answer: null;
  };
  /** Delete connection. Takes `edit` of `connection`. */
  delete_connection: {
    path: {
      /** The id of a connection */
      connection_id: string;
    };
    answer: void;
  };
  /** Delete cursor. Takes `edit` of `data`. */
  delete_cursor: {
    path: {
      /** The name of a cursor */
      cursor_name: string;
    };
    query: {
      /** Of the configuration, or kept in Headrace */
      connection_id: string;
      /** As the DAG file names it. Default: all tables */
      table?: string;
    };
    answer: void;
  };
  /** Delete DAG. Deletes the DAG and its history. A file that still holds it brings it back, without its history, when it is loaded next. Takes `edit` of `dag`. */
  delete_dag: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
    };
    answer: {
  message: string;
};
  };
  /** Delete DAG asset queued event. Takes `operate` of `asset`. */
  delete_dag_asset_queued_event: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** The id of an asset */
      asset_id: number;
    };
    query?: {
      /** Only what was before this instant */
      before?: string;
    };
    answer: null;
  };
  /** Delete DAG asset queued events. Takes `operate` of `asset`. */
  delete_dag_asset_queued_events: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
    };
    query?: {
      /** Only what was before this instant */
      before?: string;
    };
    answer: null;
  };
  /** Delete DAG run. Takes `edit` of `run`. */
  delete_dag_run: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** The id of a DAG run; in lists of task instances `~` stands for all runs */
      dag_run_id: string;
    };
    answer: void;
  };
  /** Delete grant. Takes `administer` of `user`. */
  delete_grant: {
    path: {
      /** Only with this grant id */
      grant_id: number;
    };
    answer: void;
  };
  /** Delete pool. Takes `edit` of `pool`. */
  delete_pool: {
    path: {
      /** The name of a pool */
      pool_name: string;
    };
    answer: void;
  };
  /** Delete task instance. Only of a task that is `removed`: that the version of the DAG that the run goes by no longer has. Takes `edit` of `run`. */
  delete_task_instance: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** The id of a DAG run; in lists of task instances `~` stands for all runs */
      dag_run_id: string;
      /** The id of a task */
      task_id: string;
    };
    query?: {
      /** Which instance of a mapped task; -1 for a task that is not mapped */
      map_index?: number;
    };
    answer: null;
  };
  /** Delete user. With its sessions, keys and grants. Takes `administer` of `user`. */
  delete_user: {
    path: {
      /** Only with this user name */
      user_name: string;
    };
    answer: void;
  };
  /** Delete variable. Takes `edit` of `variable`. */
  delete_variable: {
    path: {
      /** Only with this variable key */
      variable_key: string;
    };
    answer: void;
  };
  /** Delete XCom entry. Takes the result of a task away: tasks that begin later get `undefined` for it. Takes `edit` of `run`. */
  delete_xcom_entry: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** The id of a DAG run; in lists of task instances `~` stands for all runs */
      dag_run_id: string;
      /** The id of a task */
      task_id: string;
      /** The key of a result: `return_value` */
      xcom_key: string;
    };
    query?: {
      /** Which instance of a mapped task; -1 for a task that is not mapped */
      map_index?: number;
    };
    answer: void;
  };
  /** Diff DAG versions. Takes `read` of `dag`. */
  diff_dag_versions: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** The number of a version of the DAG, from 1 */
      version_number: number;
      /** The number of the version to compare with */
      other_number: number;
    };
    answer: DagVersionDiff;
  };
  /** End own sessions. Ends all sessions and bearer tokens, also the one that asks. */
  end_own_sessions: {
    answer: EndedSessions;
  };
  /** End user sessions. Ends all sessions and bearer tokens of the user. Takes `administer` of `user`. */
  end_user_sessions: {
    path: {
      /** Only with this user name */
      user_name: string;
    };
    answer: EndedSessions;
  };
  /** Explain DAG run. Takes `read` of `run`. */
  explain_dag_run: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** The id of a DAG run; in lists of task instances `~` stands for all runs */
      dag_run_id: string;
    };
    answer: RunExplanation;
  };
  /** Explain task instance. Takes `read` of `run`. */
  explain_task_instance: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** The id of a DAG run; in lists of task instances `~` stands for all runs */
      dag_run_id: string;
      /** The id of a task */
      task_id: string;
    };
    query?: {
      /** Of a mapped task. -1: its first instance */
      map_index?: number;
    };
    answer: TaskExplanation;
  };
  /** Favorite DAG. Takes `read` of `dag`. */
  favorite_dag: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
    };
    answer: void;
  };
  /** Follow changes of state. Server-sent events: `dag_run` and `task_instance` with the state that each now has, `ready` at the beginning, `reset` when events may have been missed, comments in between. Comes back to where it was with `Last-Event-ID`. Takes `read` of `run`. */
  follow_events: {
    query?: {
      /** Only of these DAGs; may be repeated */
      dag_id?: Array<string>;
      /** Only of the runs of this id */
      dag_run_id?: string;
      /** Only changes of these; may be repeated */
      kind?: Array<'dag_run' | 'task_instance'>;
    };
    header?: {
      /** The id of the last event that was seen: what came after it follows */
      'last-event-id'?: string;
    };
    answer: Response;
  };
  /** Follow log. Server-sent events: `line` with a log message as data, `end` with the state of the attempt; comments in between. Comes back to where it was with `Last-Event-ID`. Takes `read` of `run`. */
  follow_log: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** The id of a DAG run; in lists of task instances `~` stands for all runs */
      dag_run_id: string;
      /** The id of a task */
      task_id: string;
      /** Which instance of a mapped task; -1 for a task that is not mapped */
      map_index: number;
      /** The number of a try, from 1 */
      try_number: number;
    };
    header?: {
      /** The id of the last event that was received */
      'last-event-id'?: string;
    };
    answer: Response;
  };
  /** Get API keys. Your own; with `username`, for administrators, those of another. The token of the service sees all. */
  get_api_keys: {
    query?: {
      /** At most 100 are given. 0 asks for the default. */
      limit?: number;
      /** How many to pass over */
      offset?: number;
      /** Columns of the answer; `-` before one for descending order */
      order_by?: Array<string>;
      /** Only with this username */
      username?: string;
    };
    answer: ApiKeyCollection;
  };
  /** Get asset. Takes `read` of `asset`. */
  get_asset: {
    path: {
      /** The id of an asset */
      asset_id: number;
    };
    answer: Asset;
  };
  /** Get asset alias. Takes `read` of `asset`. */
  get_asset_alias: {
    path: {
      /** The id of an asset alias */
      asset_alias_id: number;
    };
    answer: AssetAlias;
  };
  /** Get asset aliases. Takes `read` of `asset`. */
  get_asset_aliases: {
    query?: {
      /** At most 100 are given. 0 asks for the default. */
      limit?: number;
      /** How many to pass over */
      offset?: number;
      /** Columns of the answer; `-` before one for descending order */
      order_by?: Array<string>;
      /** `%` stands for any text, `_` for any one character; `a | b` is either */
      name_pattern?: string;
    };
    answer: AssetAliasCollection;
  };
  /** Get asset events. Takes `read` of `asset`. */
  get_asset_events: {
    query?: {
      /** At most 100 are given. 0 asks for the default. */
      limit?: number;
      /** How many to pass over */
      offset?: number;
      /** Columns of the answer; `-` before one for descending order */
      order_by?: Array<string>;
      /** The id of an asset */
      asset_id?: number;
      /** Only what this DAG made */
      source_dag_id?: string;
      /** Only what this task made */
      source_task_id?: string;
      /** Only what this run made */
      source_run_id?: string;
      /** Only what the instance with this map index made */
      source_map_index?: number;
      /** `%` stands for any text, `_` for any one character; `a | b` is either */
      name_pattern?: string;
      /** Only with a timestamp at or after this */
      timestamp_gte?: string;
      /** Only with a timestamp after this */
      timestamp_gt?: string;
      /** Only with a timestamp at or before this */
      timestamp_lte?: string;
      /** Only with a timestamp before this */
      timestamp_lt?: string;
    };
    answer: AssetEventCollection;
  };
  /** Get asset partitions. Takes `read` of `asset`. */
  get_asset_partitions: {
    path: {
      /** The name of an asset */
      asset_name: string;
    };
    query?: {
      /** How many at most */
      limit?: number;
      /** The first instant of the time asked for */
      from?: string;
      /** The end of the time asked for */
      until?: string;
      /** The key of a partition */
      partition_key?: Array<string>;
    };
    answer: PartitionCollection;
  };
  /** Get asset queued events. Takes `read` of `asset`. */
  get_asset_queued_events: {
    path: {
      /** The id of an asset */
      asset_id: number;
    };
    query?: {
      /** Only what was before this instant */
      before?: string;
    };
    answer: QueuedEventCollection;
  };
  /** Get assets. Takes `read` of `asset`. */
  get_assets: {
    query?: {
      /** At most 100 are given. 0 asks for the default. */
      limit?: number;
      /** How many to pass over */
      offset?: number;
      /** Columns of the answer; `-` before one for descending order */
      order_by?: Array<string>;
      /** `%` stands for any text, `_` for any one character; `a | b` is either */
      name_pattern?: string;
      /** `%` stands for any text, `_` for any one character; `a | b` is either */
      uri_pattern?: string;
      /** Only of these DAGs; may be repeated */
      dag_ids?: Array<string>;
      /** Only those that a DAG still has */
      only_active?: boolean;
    };
    answer: AssetCollection;
  };
  /** Get audit. Newest first. As `application/x-ndjson`: all entries, oldest first, one a line, as they were hashed, for those who may read all of them; no page and no order is looked at. Takes `read` of `history`. */
  get_audit: {
    query?: {
      /** At most 100 are given. 0 asks for the default. */
      limit?: number;
      /** How many to pass over */
      offset?: number;
      /** The next_cursor of the page before, with the same order_by; offset is not looked at. Empty: the first page */
      cursor?: string;
      /** Columns of the answer; `-` before one for descending order */
      order_by?: Array<string>;
      /** Only with this actor */
      actor?: string;
      /** Only with this action */
      action?: Array<string>;
      /** Only with this outcome */
      outcome?: Array<'allowed' | 'refused' | 'failed'>;
      /** Only with this object */
      object?: string;
      /** Only with this object id */
      object_id?: string;
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id?: string;
      /** Only with this run id */
      run_id?: string;
      /** The id of a task */
      task_id?: string;
      /** The first instant of the time asked for */
      from?: string;
      /** The end of the time asked for */
      until?: string;
    };
    answer: AuditCollection;
  };
  /** Get backfill. Takes `read` of `backfill`. */
  get_backfill: {
    path: {
      /** The id of a backfill */
      backfill_id: number;
    };
    answer: Backfill;
  };
  /** Get checks. Takes `read` of `data`. */
  get_checks: {
    query?: {
      /** At most 100 are given. 0 asks for the default. */
      limit?: number;
      /** `next_cursor` of the page before */
      cursor?: string;
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id?: string;
      /** The id of a DAG run; in lists of task instances `~` stands for all runs */
      dag_run_id?: string;
      /** The id of a task */
      task_id?: string;
      /** Which instance of a mapped task; -1 for a task that is not mapped */
      map_index?: number;
      /** The id of a connection */
      connection_id?: string;
      /** As the DAG file names it */
      table?: string;
      /** As the folders of a lake table: `day=2017-06-19/` */
      partition?: string;
      /** Only those that passed, or only those that did not */
      ok?: boolean;
      /** Only of this name */
      name?: string;
      /** Only with a checked at at or after this */
      checked_at_gte?: string;
      /** Only with a checked at at or before this */
      checked_at_lte?: string;
    };
    answer: DataCheckPage;
  };
  /** Get config. The settings in force, without secrets: JSON, or plain text by the Accept header. Takes `administer` of `system`. */
  get_config: {
    query?: {
      /** Only with this section */
      section?: string;
    };
    answer: Config;
  };
  /** Get config value. Takes `administer` of `system`. */
  get_config_value: {
    path: {
      /** Only with this section */
      section: string;
      /** Only with this option */
      option: string;
    };
    answer: Config;
  };
  /** Get connection. Takes `read` of `connection`. */
  get_connection: {
    path: {
      /** The id of a connection */
      connection_id: string;
    };
    answer: ConnectionResponse;
  };
  /** Get connection types. Takes `read` of `connection`. */
  get_connection_types: {
    answer: ConnectionTypes;
  };
  /** Get connections. Takes `read` of `connection`. */
  get_connections: {
    query?: {
      /** At most 100 are given. 0 asks for the default. */
      limit?: number;
      /** How many to pass over */
      offset?: number;
      /** Columns of the answer; `-` before one for descending order */
      order_by?: Array<string>;
      /** `%` stands for any text, `_` for any one character; `a | b` is either */
      connection_id_pattern?: string;
    };
    answer: ConnectionCollection;
  };
  /** Get cursors. Takes `read` of `data`. */
  get_cursors: {
    query: {
      /** Of the configuration, or kept in Headrace */
      connection_id: string;
      /** As the DAG file names it. Default: all tables */
      table?: string;
    };
    answer: CursorCollection;
  };
  /** Get DAG. Takes `read` of `dag`. */
  get_dag: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
    };
    answer: Dag;
  };
  /** Get DAG asset queued event. Takes `read` of `asset`. */
  get_dag_asset_queued_event: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** The id of an asset */
      asset_id: number;
    };
    query?: {
      /** Only what was before this instant */
      before?: string;
    };
    answer: QueuedEvent;
  };
  /** Get DAG asset queued events. Takes `read` of `asset`. */
  get_dag_asset_queued_events: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
    };
    query?: {
      /** Only what was before this instant */
      before?: string;
    };
    answer: QueuedEventCollection;
  };
  /** Get DAG details. Takes `read` of `dag`. */
  get_dag_details: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
    };
    answer: DagDetails;
  };
  /** Get DAG run. Takes `read` of `run`. */
  get_dag_run: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** The id of a DAG run; in lists of task instances `~` stands for all runs */
      dag_run_id: string;
    };
    answer: DagRun;
  };
  /** Get DAG runs. Takes `read` of `run`. */
  get_dag_runs: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
    };
    query?: {
      /** At most 100 are given. 0 asks for the default. */
      limit?: number;
      /** How many to pass over */
      offset?: number;
      /** Columns of the answer; `-` before one for descending order */
      order_by?: Array<string>;
      /** The next_cursor of the page before, with the same order_by; offset is not looked at. Empty: the first page */
      cursor?: string;
      /** Only in these states; may be repeated */
      state?: Array<DagRunState>;
      /** Only runs of these types; may be repeated */
      run_type?: Array<DagRunType>;
      /** Only with this dag version */
      dag_version?: Array<number>;
      /** Only what is of this bundle version: the content hash of the DAG file */
      bundle_version?: string;
      /** A text within the params, as JSON writes them */
      conf_contains?: string;
      /** `%` stands for any text, `_` for any one character; `a | b` is either */
      dag_id_pattern?: string;
      /** `%` stands for any text, `_` for any one character; `a | b` is either */
      run_id_pattern?: string;
      /** `%` stands for any text, `_` for any one character; `a | b` is either */
      triggering_user_name_pattern?: string;
      /** `%` stands for any text, `_` for any one character; `a | b` is either */
      partition_key_pattern?: string;
      /** Only with a run after at or after this */
      run_after_gte?: string;
      /** Only with a run after after this */
      run_after_gt?: string;
      /** Only with a run after at or before this */
      run_after_lte?: string;
      /** Only with a run after before this */
      run_after_lt?: string;
      /** Only with a logical date at or after this */
      logical_date_gte?: string;
      /** Only with a logical date after this */
      logical_date_gt?: string;
      /** Only with a logical date at or before this */
      logical_date_lte?: string;
      /** Only with a logical date before this */
      logical_date_lt?: string;
      /** Only with a start date at or after this */
      start_date_gte?: string;
      /** Only with a start date after this */
      start_date_gt?: string;
      /** Only with a start date at or before this */
      start_date_lte?: string;
      /** Only with a start date before this */
      start_date_lt?: string;
      /** Only with a end date at or after this */
      end_date_gte?: string;
      /** Only with a end date after this */
      end_date_gt?: string;
      /** Only with a end date at or before this */
      end_date_lte?: string;
      /** Only with a end date before this */
      end_date_lt?: string;
      /** Only with a updated at at or after this */
      updated_at_gte?: string;
      /** Only with a updated at after this */
      updated_at_gt?: string;
      /** Only with a updated at at or before this */
      updated_at_lte?: string;
      /** Only with a updated at before this */
      updated_at_lt?: string;
      /** Only with a duration at or after this */
      duration_gte?: number;
      /** Only with a duration after this */
      duration_gt?: number;
      /** Only with a duration at or before this */
      duration_lte?: number;
      /** Only with a duration before this */
      duration_lt?: number;
    };
    answer: DagRunCollection;
  };
  /** Get DAG source. The file that defines the DAG: JSON, or plain text by the Accept header. Takes `read` of `dag`. */
  get_dag_source: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
    };
    query?: {
      /** The number of a version of the DAG, from 1 */
      version_number?: number;
    };
    answer: DagSource;
  };
  /** Get DAG spec. Takes `read` of `dag`. */
  get_dag_spec: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
    };
    query?: {
      /** The number of a version of the DAG, from 1 */
      version_number?: number;
    };
    answer: DagSpecDocument;
  };
  /** Get DAG stats. Takes `read` of `dag`. */
  get_dag_stats: {
    query?: {
      /** Only of these DAGs; may be repeated */
      dag_ids?: Array<string>;
    };
    answer: DagStatsCollection;
  };
  /** Get DAG tags. Takes `read` of `dag`. */
  get_dag_tags: {
    query?: {
      /** At most 100 are given. 0 asks for the default. */
      limit?: number;
      /** How many to pass over */
      offset?: number;
      /** Columns of the answer; `-` before one for descending order */
      order_by?: Array<string>;
      /** `%` stands for any text, `_` for any one character; `a | b` is either */
      tag_name_pattern?: string;
    };
    answer: DagTagCollection;
  };
  /** Get DAG version. Takes `read` of `dag`. */
  get_dag_version: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** The number of a version of the DAG, from 1 */
      version_number: number;
    };
    answer: DagVersion;
  };
  /** Get DAG versions. Takes `read` of `dag`. */
  get_dag_versions: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
    };
    query?: {
      /** At most 100 are given. 0 asks for the default. */
      limit?: number;
      /** How many to pass over */
      offset?: number;
      /** Columns of the answer; `-` before one for descending order */
      order_by?: Array<string>;
      /** The number of a version of the DAG, from 1 */
      version_number?: number;
      /** Only what is of this bundle */
      bundle_name?: string;
      /** Only what is of this bundle version: the content hash of the DAG file */
      bundle_version?: string;
    };
    answer: DagVersionCollection;
  };
  /** Get DAGs. Takes `read` of `dag`. */
  get_dags: {
    query?: {
      /** At most 100 are given. 0 asks for the default. */
      limit?: number;
      /** How many to pass over */
      offset?: number;
      /** Columns of the answer; `-` before one for descending order */
      order_by?: Array<string>;
      /** `%` stands for any text, `_` for any one character; `a | b` is either */
      dag_id_pattern?: string;
      /** `%` stands for any text, `_` for any one character; `a | b` is either */
      dag_display_name_pattern?: string;
      /** Only with these tags; may be repeated */
      tags?: Array<string>;
      /** Absent: any */
      tags_match_mode?: 'any' | 'all';
      /** Only with this owners */
      owners?: Array<string>;
      /** Only paused ones, or only those that are not */
      paused?: boolean;
      /** Without DAGs that are no longer in any file */
      exclude_stale?: boolean;
      /** Only with this has import errors */
      has_import_errors?: boolean;
      /** Only with this last dag run state */
      last_dag_run_state?: DagRunState;
      /** Only what is of this bundle */
      bundle_name?: string;
      /** Only what is of this bundle version: the content hash of the DAG file */
      bundle_version?: string;
      /** Only with this has asset schedule */
      has_asset_schedule?: boolean;
      /** Name or URI of an asset that its schedule waits for */
      asset_dependency?: string;
      /** Only with a dag run start date at or after this */
      dag_run_start_date_gte?: string;
      /** Only with a dag run start date after this */
      dag_run_start_date_gt?: string;
      /** Only with a dag run start date at or before this */
      dag_run_start_date_lte?: string;
      /** Only with a dag run start date before this */
      dag_run_start_date_lt?: string;
      /** Only with a dag run end date at or after this */
      dag_run_end_date_gte?: string;
      /** Only with a dag run end date after this */
      dag_run_end_date_gt?: string;
      /** Only with a dag run end date at or before this */
      dag_run_end_date_lte?: string;
      /** Only with a dag run end date before this */
      dag_run_end_date_lt?: string;
      /** Only with this dag run state */
      dag_run_state?: Array<DagRunState>;
      /** Of whoever asks */
      is_favorite?: boolean;
      /** Kinds of schedules: cron, delta, events, assets, manual … */
      timetable_type?: Array<string>;
    };
    answer: DagCollection;
  };
  /** Get event log. Takes `read` of `history`. */
  get_event_log: {
    path: {
      /** Only with this event log id */
      event_log_id: number;
    };
    answer: EventLog;
  };
  /** Get event logs. Takes `read` of `history`. */
  get_event_logs: {
    query?: {
      /** At most 100 are given. 0 asks for the default. */
      limit?: number;
      /** How many to pass over */
      offset?: number;
      /** Columns of the answer; `-` before one for descending order */
      order_by?: Array<string>;
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id?: string;
      /** The id of a task */
      task_id?: string;
      /** Only with this run id */
      run_id?: string;
      /** Which instance of a mapped task; -1 for a task that is not mapped */
      map_index?: number;
      /** As Airflow has it; commands are about all tries: none is of one */
      try_number?: number;
      /** Only with this owner */
      owner?: string;
      /** Only of this kind */
      event?: string;
      /** Without these; may be repeated */
      excluded_events?: Array<string>;
      /** Only these; may be repeated */
      included_events?: Array<string>;
      /** Only what was before this instant */
      before?: string;
      /** Only with this after */
      after?: string;
      /** `%` stands for any text, `_` for any one character; `a | b` is either */
      dag_id_pattern?: string;
      /** `%` stands for any text, `_` for any one character; `a | b` is either */
      task_id_pattern?: string;
      /** `%` stands for any text, `_` for any one character; `a | b` is either */
      run_id_pattern?: string;
      /** `%` stands for any text, `_` for any one character; `a | b` is either */
      owner_pattern?: string;
      /** `%` stands for any text, `_` for any one character; `a | b` is either */
      event_pattern?: string;
    };
    answer: EventLogCollection;
  };
  /** Get external log url. Takes `read` of `run`. */
  get_external_log_url: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** The id of a DAG run; in lists of task instances `~` stands for all runs */
      dag_run_id: string;
      /** The id of a task */
      task_id: string;
      /** The number of a try, from 1 */
      try_number: number;
    };
    query?: {
      /** Which instance of a mapped task; -1 for a task that is not mapped */
      map_index?: number;
    };
    answer: {
  url: string;
};
  };
  /** Get extra links. Takes `read` of `run`. */
  get_extra_links: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** The id of a DAG run; in lists of task instances `~` stands for all runs */
      dag_run_id: string;
      /** The id of a task */
      task_id: string;
    };
    query?: {
      /** Which instance of a mapped task; -1 for a task that is not mapped */
      map_index?: number;
    };
    answer: ExtraLinkCollection;
  };
  /** Get grants. Takes `administer` of `user`. */
  get_grants: {
    query?: {
      /** At most 100 are given. 0 asks for the default. */
      limit?: number;
      /** How many to pass over */
      offset?: number;
      /** Columns of the answer; `-` before one for descending order */
      order_by?: Array<string>;
      /** Only with this username */
      username?: string;
      /** Only with this object */
      object?: 'dag' | 'asset' | 'connection';
    };
    answer: GrantCollection;
  };
  /** Get health */
  get_health: {
    answer: HealthInfo;
  };
  /** Get HITL detail. Takes `read` of `run`. */
  get_hitl_detail: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** The id of a DAG run; in lists of task instances `~` stands for all runs */
      dag_run_id: string;
      /** The id of a task */
      task_id: string;
      /** Which instance of a mapped task; -1 for a task that is not mapped */
      map_index: number;
    };
    answer: HitlDetail;
  };
  /** Get HITL detail try detail. Takes `read` of `run`. */
  get_hitl_detail_try_detail: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** The id of a DAG run; in lists of task instances `~` stands for all runs */
      dag_run_id: string;
      /** The id of a task */
      task_id: string;
      /** Which instance of a mapped task; -1 for a task that is not mapped */
      map_index: number;
      /** The number of a try, from 1 */
      try_number: number;
    };
    answer: HitlDetail;
  };
  /** Get HITL details. Takes `read` of `run`. */
  get_hitl_details: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** The id of a DAG run; in lists of task instances `~` stands for all runs */
      dag_run_id: string;
    };
    query?: {
      /** At most 100 are given. 0 asks for the default. */
      limit?: number;
      /** How many to pass over */
      offset?: number;
      /** Columns of the answer; `-` before one for descending order */
      order_by?: Array<string>;
      /** `%` stands for any text, `_` for any one character; `a | b` is either */
      dag_id_pattern?: string;
      /** The id of a task */
      task_id?: string;
      /** `%` stands for any text, `_` for any one character; `a | b` is either */
      task_id_pattern?: string;
      /** Only in these states; may be repeated */
      state?: Array<TaskInstanceState | 'none' | 'no_status'>;
      /** Which instance of a mapped task; -1 for a task that is not mapped */
      map_index?: number;
      /** Only answered ones, or only open ones */
      response_received?: boolean;
      /** Only those that these users answered; may be repeated */
      responded_by_user_id?: Array<string>;
      /** Only those that users of these names answered; may be repeated */
      responded_by_user_name?: Array<string>;
      /** `%` stands for any text, `_` for any one character; `a | b` is either */
      subject_search?: string;
      /** `%` stands for any text, `_` for any one character; `a | b` is either */
      body_search?: string;
      /** Only with a created at at or after this */
      created_at_gte?: string;
      /** Only with a created at after this */
      created_at_gt?: string;
      /** Only with a created at at or before this */
      created_at_lte?: string;
      /** Only with a created at before this */
      created_at_lt?: string;
    };
    answer: HitlDetailCollection;
  };
  /** Get import error. Takes `read` of `dag`. */
  get_import_error: {
    path: {
      /** The id of an import error */
      import_error_id: number;
    };
    answer: ImportErrorEntry;
  };
  /** Get import errors. Takes `read` of `dag`. */
  get_import_errors: {
    query?: {
      /** At most 100 are given. 0 asks for the default. */
      limit?: number;
      /** How many to pass over */
      offset?: number;
      /** Columns of the answer; `-` before one for descending order */
      order_by?: Array<string>;
      /** `%` stands for any text, `_` for any one character; `a | b` is either */
      filename_pattern?: string;
    };
    answer: ImportErrorCollection;
  };
  /** Get jobs. Takes `read` of `system`. */
  get_jobs: {
    query?: {
      /** At most 100 are given. 0 asks for the default. */
      limit?: number;
      /** How many to pass over */
      offset?: number;
      /** Columns of the answer; `-` before one for descending order */
      order_by?: Array<string>;
      /** Only with this is alive */
      is_alive?: boolean;
      /** Only with this job state */
      job_state?: string;
      /** Only with this job type */
      job_type?: string;
      /** Only with this hostname */
      hostname?: string;
      /** Only with this executor class */
      executor_class?: string;
      /** Only with a start date at or after this */
      start_date_gte?: string;
      /** Only with a start date after this */
      start_date_gt?: string;
      /** Only with a start date at or before this */
      start_date_lte?: string;
      /** Only with a start date before this */
      start_date_lt?: string;
      /** Only with a end date at or after this */
      end_date_gte?: string;
      /** Only with a end date after this */
      end_date_gt?: string;
      /** Only with a end date at or before this */
      end_date_lte?: string;
      /** Only with a end date before this */
      end_date_lt?: string;
    };
    answer: JobCollection;
  };
  /** Get latest loads. Takes `read` of `data`. */
  get_latest_loads: {
    query: {
      /** At most 100 are given. 0 asks for the default. */
      limit?: number;
      /** `next_cursor` of the page before */
      cursor?: string;
      /** The id of a connection */
      connection_id: string;
      /** As the DAG file names it */
      table: string;
    };
    answer: DataLoadPage;
  };
  /** Get lineage. What an asset, or what a DAG works with, is made of and goes into: assets, tasks and columns. Takes `read` of `data`. */
  get_lineage: {
    query?: {
      /** A place, as `connector:connection/name`, a part of that, or the name of an asset */
      asset?: string;
      /** All that the tasks of a DAG read and write */
      dag?: string;
      /** Only with this direction */
      direction?: 'upstream' | 'downstream' | 'both';
      /** Tasks between a place that is asked for and one that is shown */
      depth?: number;
      /** Only with this columns */
      columns?: boolean;
      /** Only what a column of the asset is made of, or goes into */
      column?: string;
    };
    answer: LineageGraph;
  };
  /** Get list DAG runs batch. Takes `read` of `run`. */
  get_list_dag_runs_batch: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
    };
    body?: DagRunsBatch;
    answer: DagRunCollection;
  };
  /** Get loads. Takes `read` of `data`. */
  get_loads: {
    query?: {
      /** At most 100 are given. 0 asks for the default. */
      limit?: number;
      /** `next_cursor` of the page before */
      cursor?: string;
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id?: string;
      /** The id of a DAG run; in lists of task instances `~` stands for all runs */
      dag_run_id?: string;
      /** The id of a task */
      task_id?: string;
      /** Which instance of a mapped task; -1 for a task that is not mapped */
      map_index?: number;
      /** The id of a connection */
      connection_id?: string;
      /** As the DAG file names it */
      table?: string;
      /** As the folders of a lake table: `day=2017-06-19/` */
      partition?: string;
      /** Only of this load */
      load_id?: string;
      /** Only those that kept rows aside */
      quarantined?: true;
      /** Only those whose rows differed from their table */
      drifted?: true;
      /** Only with a committed at at or after this */
      committed_at_gte?: string;
      /** Only with a committed at at or before this */
      committed_at_lte?: string;
    };
    answer: DataLoadPage;
  };
  /** Get log. JSON in chunks, each with a token for the next; NDJSON or plain text of the whole log by the Accept header. Takes `read` of `run`. */
  get_log: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** The id of a DAG run; in lists of task instances `~` stands for all runs */
      dag_run_id: string;
      /** The id of a task */
      task_id: string;
      /** The number of a try, from 1 */
      try_number: number;
    };
    query?: {
      /** All of it in one answer, however long */
      full_content?: boolean;
      /** Which instance of a mapped task; -1 for a task that is not mapped */
      map_index?: number;
      /** `continuation_token` of the answer before */
      token?: string;
    };
    answer: TaskLog;
  };
  /** Get mapped task instance. Takes `read` of `run`. */
  get_mapped_task_instance: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** The id of a DAG run; in lists of task instances `~` stands for all runs */
      dag_run_id: string;
      /** The id of a task */
      task_id: string;
      /** Which instance of a mapped task; -1 for a task that is not mapped */
      map_index: number;
    };
    answer: TaskInstance;
  };
  /** Get mapped task instance tries. Takes `read` of `run`. */
  get_mapped_task_instance_tries: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** The id of a DAG run; in lists of task instances `~` stands for all runs */
      dag_run_id: string;
      /** The id of a task */
      task_id: string;
      /** Which instance of a mapped task; -1 for a task that is not mapped */
      map_index: number;
    };
    answer: TaskInstanceTryCollection;
  };
  /** Get mapped task instance try details. Takes `read` of `run`. */
  get_mapped_task_instance_try_details: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** The id of a DAG run; in lists of task instances `~` stands for all runs */
      dag_run_id: string;
      /** The id of a task */
      task_id: string;
      /** Which instance of a mapped task; -1 for a task that is not mapped */
      map_index: number;
      /** The number of a try, from 1 */
      task_try_number: number;
    };
    answer: TaskInstanceTry;
  };
  /** Get mapped task instances. Takes `read` of `run`. */
  get_mapped_task_instances: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** The id of a DAG run; in lists of task instances `~` stands for all runs */
      dag_run_id: string;
      /** The id of a task */
      task_id: string;
    };
    query?: {
      /** At most 100 are given. 0 asks for the default. */
      limit?: number;
      /** How many to pass over */
      offset?: number;
      /** The next_cursor of the page before, with the same order_by; offset is not looked at. Empty: the first page */
      cursor?: string;
      /** Columns of the answer; `-` before one for descending order */
      order_by?: Array<string>;
      /** Only in these states; may be repeated */
      state?: Array<TaskInstanceState | 'none' | 'no_status'>;
      /** Only of these pools; may be repeated */
      pool?: Array<string>;
      /** `%` stands for any text, `_` for any one character; `a | b` is either */
      pool_name_pattern?: string;
      /** Only of these queues; may be repeated */
      queue?: Array<string>;
      /** `%` stands for any text, `_` for any one character; `a | b` is either */
      queue_name_pattern?: string;
      /** Nothing has one: what names one is in no list */
      executor?: Array<string>;
      /** The number of a version of the DAG, from 1 */
      version_number?: Array<number>;
      /** The number of a try, from 1 */
      try_number?: Array<number>;
      /** Kinds of tasks: task, extract, load, transform, export … */
      operator?: Array<string>;
      /** `%` stands for any text, `_` for any one character; `a | b` is either */
      operator_name_pattern?: string;
      /** Which instance of a mapped task; -1 for a task that is not mapped */
      map_index?: Array<number>;
      /** Only with a run after at or after this */
      run_after_gte?: string;
      /** Only with a run after after this */
      run_after_gt?: string;
      /** Only with a run after at or before this */
      run_after_lte?: string;
      /** Only with a run after before this */
      run_after_lt?: string;
      /** Only with a logical date at or after this */
      logical_date_gte?: string;
      /** Only with a logical date after this */
      logical_date_gt?: string;
      /** Only with a logical date at or before this */
      logical_date_lte?: string;
      /** Only with a logical date before this */
      logical_date_lt?: string;
      /** Only with a start date at or after this */
      start_date_gte?: string;
      /** Only with a start date after this */
      start_date_gt?: string;
      /** Only with a start date at or before this */
      start_date_lte?: string;
      /** Only with a start date before this */
      start_date_lt?: string;
      /** Only with a end date at or after this */
      end_date_gte?: string;
      /** Only with a end date after this */
      end_date_gt?: string;
      /** Only with a end date at or before this */
      end_date_lte?: string;
      /** Only with a end date before this */
      end_date_lt?: string;
      /** Only with a updated at at or after this */
      updated_at_gte?: string;
      /** Only with a updated at after this */
      updated_at_gt?: string;
      /** Only with a updated at at or before this */
      updated_at_lte?: string;
      /** Only with a updated at before this */
      updated_at_lt?: string;
      /** Only with a duration at or after this */
      duration_gte?: number;
      /** Only with a duration after this */
      duration_gt?: number;
      /** Only with a duration at or before this */
      duration_lte?: number;
      /** Only with a duration before this */
      duration_lt?: number;
    };
    answer: TaskInstancePage;
  };
  /** Get me */
  get_me: {
    answer: Me;
  };
  /** Get notice. Takes `read` of `notice`. */
  get_notice: {
    path: {
      /** The id of a notice */
      notice_id: number;
    };
    answer: Notice;
  };
  /** Get notices. Takes `read` of `notice`. */
  get_notices: {
    query?: {
      /** At most 100 are given. 0 asks for the default. */
      limit?: number;
      /** How many to pass over */
      offset?: number;
      /** Columns of the answer; `-` before one for descending order */
      order_by?: Array<string>;
      /** Only in these states; may be repeated */
      state?: Array<NoticeState>;
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id?: string;
      /** The id of a DAG run; in lists of task instances `~` stands for all runs */
      dag_run_id?: string;
      /** Only of this kind */
      event?: string;
    };
    answer: NoticeCollection;
  };
  /** Get own sessions */
  get_own_sessions: {
    answer: SessionCollection;
  };
  /** Get plugins. Takes `read` of `system`. */
  get_plugins: {
    query?: {
      /** At most 100 are given. 0 asks for the default. */
      limit?: number;
      /** How many to pass over */
      offset?: number;
    };
    answer: PluginCollection;
  };
  /** Get pool. Takes `read` of `pool`. */
  get_pool: {
    path: {
      /** The name of a pool */
      pool_name: string;
    };
    answer: PoolResponse;
  };
  /** Get pools. Takes `read` of `pool`. */
  get_pools: {
    query?: {
      /** At most 100 are given. 0 asks for the default. */
      limit?: number;
      /** How many to pass over */
      offset?: number;
      /** Columns of the answer; `-` before one for descending order */
      order_by?: Array<string>;
      /** `%` stands for any text, `_` for any one character; `a | b` is either */
      pool_name_pattern?: string;
    };
    answer: PoolCollection;
  };
  /** Get providers. Takes `read` of `system`. */
  get_providers: {
    query?: {
      /** At most 100 are given. 0 asks for the default. */
      limit?: number;
      /** How many to pass over */
      offset?: number;
    };
    answer: ProviderCollection;
  };
  /** Get run progress. Takes `read` of `run`. */
  get_run_progress: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** The id of a DAG run; in lists of task instances `~` stands for all runs */
      dag_run_id: string;
    };
    answer: TaskProgressCollection;
  };
  /** Get task. Takes `read` of `dag`. */
  get_task: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** The id of a task */
      task_id: string;
    };
    answer: Task;
  };
  /** Get task instance. Takes `read` of `run`. */
  get_task_instance: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** The id of a DAG run; in lists of task instances `~` stands for all runs */
      dag_run_id: string;
      /** The id of a task */
      task_id: string;
    };
    answer: TaskInstance;
  };
  /** Get task instance dependencies. Takes `read` of `run`. */
  get_task_instance_dependencies: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** The id of a DAG run; in lists of task instances `~` stands for all runs */
      dag_run_id: string;
      /** The id of a task */
      task_id: string;
    };
    query?: {
      /** Of a mapped task. -1: its first instance */
      map_index?: number;
    };
    answer: TaskDependencyCollection;
  };
  /** Get task instance dependencies by map index. Takes `read` of `run`. */
  get_task_instance_dependencies_by_map_index: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** The id of a DAG run; in lists of task instances `~` stands for all runs */
      dag_run_id: string;
      /** The id of a task */
      task_id: string;
      /** Which instance of a mapped task; -1 for a task that is not mapped */
      map_index: number;
    };
    answer: TaskDependencyCollection;
  };
  /** Get task instance tries. Takes `read` of `run`. */
  get_task_instance_tries: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** The id of a DAG run; in lists of task instances `~` stands for all runs */
      dag_run_id: string;
      /** The id of a task */
      task_id: string;
    };
    query?: {
      /** Which instance of a mapped task; -1 for a task that is not mapped */
      map_index?: number;
    };
    answer: TaskInstanceTryCollection;
  };
  /** Get task instance try details. Takes `read` of `run`. */
  get_task_instance_try_details: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** The id of a DAG run; in lists of task instances `~` stands for all runs */
      dag_run_id: string;
      /** The id of a task */
      task_id: string;
      /** The number of a try, from 1 */
      task_try_number: number;
    };
    query?: {
      /** Which instance of a mapped task; -1 for a task that is not mapped */
      map_index?: number;
    };
    answer: TaskInstanceTry;
  };
  /** Get task instances. Takes `read` of `run`. */
  get_task_instances: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** The id of a DAG run; in lists of task instances `~` stands for all runs */
      dag_run_id: string;
    };
    query?: {
      /** At most 100 are given. 0 asks for the default. */
      limit?: number;
      /** How many to pass over */
      offset?: number;
      /** The next_cursor of the page before, with the same order_by; offset is not looked at. Empty: the first page */
      cursor?: string;
      /** Columns of the answer; `-` before one for descending order */
      order_by?: Array<string>;
      /** Only in these states; may be repeated */
      state?: Array<TaskInstanceState | 'none' | 'no_status'>;
      /** Only of these pools; may be repeated */
      pool?: Array<string>;
      /** `%` stands for any text, `_` for any one character; `a | b` is either */
      pool_name_pattern?: string;
      /** Only of these queues; may be repeated */
      queue?: Array<string>;
      /** `%` stands for any text, `_` for any one character; `a | b` is either */
      queue_name_pattern?: string;
      /** Nothing has one: what names one is in no list */
      executor?: Array<string>;
      /** The number of a version of the DAG, from 1 */
      version_number?: Array<number>;
      /** The number of a try, from 1 */
      try_number?: Array<number>;
      /** Kinds of tasks: task, extract, load, transform, export … */
      operator?: Array<string>;
      /** `%` stands for any text, `_` for any one character; `a | b` is either */
      operator_name_pattern?: string;
      /** Which instance of a mapped task; -1 for a task that is not mapped */
      map_index?: Array<number>;
      /** Only with a run after at or after this */
      run_after_gte?: string;
      /** Only with a run after after this */
      run_after_gt?: string;
      /** Only with a run after at or before this */
      run_after_lte?: string;
      /** Only with a run after before this */
      run_after_lt?: string;
      /** Only with a logical date at or after this */
      logical_date_gte?: string;
      /** Only with a logical date after this */
      logical_date_gt?: string;
      /** Only with a logical date at or before this */
      logical_date_lte?: string;
      /** Only with a logical date before this */
      logical_date_lt?: string;
      /** Only with a start date at or after this */
      start_date_gte?: string;
      /** Only with a start date after this */
      start_date_gt?: string;
      /** Only with a start date at or before this */
      start_date_lte?: string;
      /** Only with a start date before this */
      start_date_lt?: string;
      /** Only with a end date at or after this */
      end_date_gte?: string;
      /** Only with a end date after this */
      end_date_gt?: string;
      /** Only with a end date at or before this */
      end_date_lte?: string;
      /** Only with a end date before this */
      end_date_lt?: string;
      /** Only with a updated at at or after this */
      updated_at_gte?: string;
      /** Only with a updated at after this */
      updated_at_gt?: string;
      /** Only with a updated at at or before this */
      updated_at_lte?: string;
      /** Only with a updated at before this */
      updated_at_lt?: string;
      /** Only with a duration at or after this */
      duration_gte?: number;
      /** Only with a duration after this */
      duration_gt?: number;
      /** Only with a duration at or before this */
      duration_lte?: number;
      /** Only with a duration before this */
      duration_lt?: number;
      /** The id of a task */
      task_id?: string;
      /** `%` stands for any text, `_` for any one character; `a | b` is either */
      task_display_name_pattern?: string;
      /** `%` stands for any text, `_` for any one character; `a | b` is either */
      dag_id_pattern?: string;
      /** `%` stands for any text, `_` for any one character; `a | b` is either */
      run_id_pattern?: string;
      /** The tasks of this group and of the groups in it; of one DAG only */
      task_group_id?: string;
    };
    answer: TaskInstancePage;
  };
  /** Get task instances batch. Takes `read` of `run`. */
  get_task_instances_batch: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** The id of a DAG run; in lists of task instances `~` stands for all runs */
      dag_run_id: string;
    };
    body?: TaskInstancesBatch;
    answer: TaskInstancePage;
  };
  /** Get task progress. Takes `read` of `run`. */
  get_task_progress: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** The id of a DAG run; in lists of task instances `~` stands for all runs */
      dag_run_id: string;
      /** The id of a task */
      task_id: string;
    };
    answer: TaskProgressCollection;
  };
  /** Get tasks. Takes `read` of `dag`. */
  get_tasks: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
    };
    query?: {
      /** Columns of the answer; `-` before one for descending order; may be repeated */
      order_by?: 'task_id' | 'task_display_name' | 'owner' | 'trigger_rule' | 'pool' | 'queue' | 'retries' | 'priority_weight' | '-task_id' | '-task_display_name' | '-owner' | '-trigger_rule' | '-pool' | '-queue' | '-retries' | '-priority_weight';
    };
    answer: TaskCollection;
  };
  /** Get upcoming runs. Takes `read` of `dag`. */
  get_upcoming_runs: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
    };
    query?: {
      /** How many at most */
      limit?: number;
    };
    answer: UpcomingRuns;
  };
  /** Get upstream asset events. Takes `read` of `asset`. */
  get_upstream_asset_events: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** The id of a DAG run; in lists of task instances `~` stands for all runs */
      dag_run_id: string;
    };
    answer: AssetEventCollection;
  };
  /** Get user. Takes `administer` of `user`. */
  get_user: {
    path: {
      /** Only with this user name */
      user_name: string;
    };
    answer: User;
  };
  /** Get users. Takes `administer` of `user`. */
  get_users: {
    query?: {
      /** At most 100 are given. 0 asks for the default. */
      limit?: number;
      /** How many to pass over */
      offset?: number;
      /** Columns of the answer; `-` before one for descending order */
      order_by?: Array<string>;
      /** `%` stands for any text, `_` for any one character; `a | b` is either */
      user_name_pattern?: string;
    };
    answer: UserCollection;
  };
  /** Get variable. Takes `read` of `variable`. */
  get_variable: {
    path: {
      /** Only with this variable key */
      variable_key: string;
    };
    answer: VariableResponse;
  };
  /** Get variables. Takes `read` of `variable`. */
  get_variables: {
    query?: {
      /** At most 100 are given. 0 asks for the default. */
      limit?: number;
      /** How many to pass over */
      offset?: number;
      /** Columns of the answer; `-` before one for descending order */
      order_by?: Array<string>;
      /** `%` stands for any text, `_` for any one character; `a | b` is either */
      variable_key_pattern?: string;
    };
    answer: VariableCollection;
  };
  /** Get version */
  get_version: {
    answer: VersionInfo;
  };
  /** Get waits. Takes `read` of `run`. */
  get_waits: {
    query?: {
      /** At most 100 are given. 0 asks for the default. */
      limit?: number;
      /** How many to pass over */
      offset?: number;
      /** Columns of the answer; `-` before one for descending order */
      order_by?: Array<string>;
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id?: string;
      /** The id of a DAG run; in lists of task instances `~` stands for all runs */
      dag_run_id?: string;
      /** The id of a task */
      task_id?: string;
      /** Only of these kinds; may be repeated */
      kind?: Array<'time' | 'asset' | 'run' | 'webhook' | 'input' | 'poll'>;
      /** Only those that have not ended */
      open?: boolean;
    };
    answer: WaitCollection;
  };
  /** Get XCom entries. `~` for a DAG, a run or a task stands for any. Takes `read` of `run`. */
  get_xcom_entries: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** The id of a DAG run; in lists of task instances `~` stands for all runs */
      dag_run_id: string;
      /** The id of a task */
      task_id: string;
    };
    query?: {
      /** At most 100 are given. 0 asks for the default. */
      limit?: number;
      /** How many to pass over */
      offset?: number;
      /** The key of a result: `return_value` */
      xcom_key?: string;
      /** Which instance of a mapped task; -1 for a task that is not mapped */
      map_index?: number;
      /** Only with this map index filter */
      map_index_filter?: number;
      /** `%` stands for any text, `_` for any one character; `a | b` is either */
      xcom_key_pattern?: string;
      /** `%` stands for any text, `_` for any one character; `a | b` is either */
      dag_display_name_pattern?: string;
      /** `%` stands for any text, `_` for any one character; `a | b` is either */
      run_id_pattern?: string;
      /** `%` stands for any text, `_` for any one character; `a | b` is either */
      task_id_pattern?: string;
      /** Only with a logical date at or after this */
      logical_date_gte?: string;
      /** Only with a logical date after this */
      logical_date_gt?: string;
      /** Only with a logical date at or before this */
      logical_date_lte?: string;
      /** Only with a logical date before this */
      logical_date_lt?: string;
      /** Only with a run after at or after this */
      run_after_gte?: string;
      /** Only with a run after after this */
      run_after_gt?: string;
      /** Only with a run after at or before this */
      run_after_lte?: string;
      /** Only with a run after before this */
      run_after_lt?: string;
    };
    answer: XComCollection;
  };
  /** Get XCom entry. Takes `read` of `run`. */
  get_xcom_entry: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** The id of a DAG run; in lists of task instances `~` stands for all runs */
      dag_run_id: string;
      /** The id of a task */
      task_id: string;
      /** The key of a result: `return_value` */
      xcom_key: string;
    };
    query?: {
      /** Which instance of a mapped task; -1 for a task that is not mapped */
      map_index?: number;
      /** As Airflow has it; results are JSON in any case */
      deserialize?: boolean;
      /** The value as JSON text instead of JSON */
      stringify?: boolean;
    };
    answer: XComEntry;
  };
  /** Import errors. Takes `read` of `system`. */
  import_errors: {
    answer: PluginImportErrorCollection;
  };
  /** List backfill runs. Takes `read` of `backfill`. */
  list_backfill_runs: {
    path: {
      /** The id of a backfill */
      backfill_id: number;
    };
    query?: {
      /** At most 100 are given. 0 asks for the default. */
      limit?: number;
      /** How many to pass over */
      offset?: number;
    };
    answer: BackfillRunCollection;
  };
  /** List backfills. Takes `read` of `backfill`. */
  list_backfills: {
    query: {
      /** At most 100 are given. 0 asks for the default. */
      limit?: number;
      /** How many to pass over */
      offset?: number;
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** Columns of the answer; `-` before one for descending order */
      order_by?: Array<string>;
    };
    answer: BackfillCollection;
  };
  /** List DAG warnings. Takes `read` of `dag`. */
  list_dag_warnings: {
    query?: {
      /** At most 100 are given. 0 asks for the default. */
      limit?: number;
      /** How many to pass over */
      offset?: number;
      /** Columns of the answer; `-` before one for descending order */
      order_by?: Array<string>;
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id?: string;
      /** Only with this warning type */
      warning_type?: 'asset conflict' | 'non-existent pool' | 'runtime varying value';
    };
    answer: DagWarningCollection;
  };
  /** Log in. Opens a session: its cookie is in the answer. */
  log_in: {
    body: SessionLoginBody;
    answer: Me;
  };
  /** Log out. Ends the session, or the bearer token, that the request came in by. */
  log_out: {
    header?: {
      /** Makes it safe to send the request again: within a day, the same request with the same key is not done again but answered as the first was, with the header `Idempotency-Replayed: true` */
      'Idempotency-Key'?: string;
    };
    answer: void;
  };
  /** Login */
  login: {
    query?: {
      /** Where to go afterwards, within this server */
      next?: string;
    };
    answer: void;
  };
  /** Logout */
  logout: {
    answer: void;
  };
  /** Materialize asset. Takes `operate` of `asset`. */
  materialize_asset: {
    path: {
      /** The id of an asset */
      asset_id: number;
    };
    header?: {
      /** Makes it safe to send the request again: within a day, the same request with the same key is not done again but answered as the first was, with the header `Idempotency-Replayed: true` */
      'Idempotency-Key'?: string;
    };
    body?: MaterializeAsset;
    answer: DagRun;
  };
  /** Patch connection. Takes `edit` of `connection`. */
  patch_connection: {
    path: {
      /** The id of a connection */
      connection_id: string;
    };
    query?: {
      /** The fields of the body to use; absent: all that are given. May be repeated */
      update_mask?: Array<'connection_id' | 'conn_type' | 'description' | 'host' | 'login' | 'schema' | 'port' | 'password' | 'extra' | 'team_name'>;
    };
    body?: ConnectionPatch;
    answer: ConnectionResponse;
  };
  /** Patch cursor. Takes `edit` of `data`. */
  patch_cursor: {
    path: {
      /** The name of a cursor */
      cursor_name: string;
    };
    query: {
      /** Of the configuration, or kept in Headrace */
      connection_id: string;
      /** As the DAG file names it. Default: all tables */
      table?: string;
    };
    body: CursorPatch;
    answer: CursorResponse;
  };
  /** Patch DAG. Takes `operate` of `dag`. */
  patch_dag: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
    };
    query?: {
      /** The fields of the body to use; absent: all that are given. May be repeated */
      update_mask?: Array<'is_paused'>;
    };
    body: DagPatch;
    answer: Dag;
  };
  /** Patch DAG run. Takes `operate` of `run`. */
  patch_dag_run: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** The id of a DAG run; in lists of task instances `~` stands for all runs */
      dag_run_id: string;
    };
    query?: {
      /** The fields of the body to use; absent: all that are given. May be repeated */
      update_mask?: Array<'state' | 'note'>;
    };
    body?: DagRunPatch;
    answer: DagRun;
  };
  /** Patch DAGs. Pauses, or lets go on, the DAGs of one page of the list with these filters. Takes `operate` of `dag`. */
  patch_dags: {
    query?: {
      /** At most 100 are given. 0 asks for the default. */
      limit?: number;
      /** How many to pass over */
      offset?: number;
      /** The fields of the body to use; absent: all that are given. May be repeated */
      update_mask?: Array<'is_paused'>;
      /** Only with these tags; may be repeated */
      tags?: Array<string>;
      /** Whether one of the tags is enough */
      tags_match_mode?: 'any' | 'all';
      /** Only with this owners */
      owners?: Array<string>;
      /** `%` stands for any text, `_` for any one character; `a | b` is either */
      dag_id_pattern?: string;
      /** Without DAGs that are no longer in any file */
      exclude_stale?: boolean;
      /** Only paused ones, or only those that are not */
      paused?: boolean;
    };
    body: DagPatch;
    answer: DagCollection;
  };
  /** Patch pool. Takes `edit` of `pool`. */
  patch_pool: {
    path: {
      /** The name of a pool */
      pool_name: string;
    };
    query?: {
      /** The fields of the body to use; absent: all that are given. May be repeated */
      update_mask?: Array<'pool' | 'slots' | 'description' | 'include_deferred' | 'team_name'>;
    };
    body?: PoolPatch;
    answer: PoolResponse;
  };
  /** Patch task instance. Takes `operate` of `run`. */
  patch_task_instance: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** The id of a DAG run; in lists of task instances `~` stands for all runs */
      dag_run_id: string;
      /** The id of a task */
      task_id: string;
    };
    query?: {
      /** Which instance of a mapped task; -1 for a task that is not mapped */
      map_index?: number;
      /** The fields of the body to use; absent: all that are given. May be repeated */
      update_mask?: Array<'new_state' | 'note'>;
    };
    body?: MarkTaskInstance;
    answer: TaskInstanceCollection;
  };
  /** Patch task instance by map index. Takes `operate` of `run`. */
  patch_task_instance_by_map_index: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** The id of a DAG run; in lists of task instances `~` stands for all runs */
      dag_run_id: string;
      /** The id of a task */
      task_id: string;
      /** Which instance of a mapped task; -1 for a task that is not mapped */
      map_index: number;
    };
    query?: {
      /** Which instance of a mapped task; -1 for a task that is not mapped */
      map_index?: number;
      /** The fields of the body to use; absent: all that are given. May be repeated */
      update_mask?: Array<'new_state' | 'note'>;
    };
    body?: MarkTaskInstance;
    answer: TaskInstanceCollection;
  };
  /** Patch task instance dry run. Takes `operate` of `run`. */
  patch_task_instance_dry_run: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** The id of a DAG run; in lists of task instances `~` stands for all runs */
      dag_run_id: string;
      /** The id of a task */
      task_id: string;
    };
    query?: {
      /** Which instance of a mapped task; -1 for a task that is not mapped */
      map_index?: number;
      /** The fields of the body to use; absent: all that are given. May be repeated */
      update_mask?: Array<'new_state' | 'note'>;
    };
    body?: MarkTaskInstance;
    answer: TaskInstanceCollection;
  };
  /** Patch task instance dry run by map index. Takes `operate` of `run`. */
  patch_task_instance_dry_run_by_map_index: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** The id of a DAG run; in lists of task instances `~` stands for all runs */
      dag_run_id: string;
      /** The id of a task */
      task_id: string;
      /** Which instance of a mapped task; -1 for a task that is not mapped */
      map_index: number;
    };
    query?: {
      /** Which instance of a mapped task; -1 for a task that is not mapped */
      map_index?: number;
      /** The fields of the body to use; absent: all that are given. May be repeated */
      update_mask?: Array<'new_state' | 'note'>;
    };
    body?: MarkTaskInstance;
    answer: TaskInstanceCollection;
  };
  /** Patch user. A new password, and `is_active` false, end all sessions and bearer tokens of the user. Takes `administer` of `user`. */
  patch_user: {
    path: {
      /** Only with this user name */
      user_name: string;
    };
    body?: PatchUser;
    answer: User;
  };
  /** Patch variable. Takes `edit` of `variable`. */
  patch_variable: {
    path: {
      /** Only with this variable key */
      variable_key: string;
    };
    query?: {
      /** The fields of the body to use; absent: all that are given. May be repeated */
      update_mask?: Array<'key' | 'value' | 'description' | 'team_name'>;
    };
    body: VariableBody;
    answer: VariableResponse;
  };
  /** Pause backfill. Takes `operate` of `backfill`. */
  pause_backfill: {
    path: {
      /** The id of a backfill */
      backfill_id: number;
    };
    answer: Backfill;
  };
  /** Post clear task instances. Takes `operate` of `run`. */
  post_clear_task_instances: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
    };
    header?: {
      /** Makes it safe to send the request again: within a day, the same request with the same key is not done again but answered as the first was, with the header `Idempotency-Replayed: true` */
      'Idempotency-Key'?: string;
    };
    body?: ClearTaskInstances;
    answer: TaskInstanceCollection;
  };
  /** Post connection. Takes `edit` of `connection`. */
  post_connection: {
    header?: {
      /** Makes it safe to send the request again: within a day, the same request with the same key is not done again but answered as the first was, with the header `Idempotency-Replayed: true` */
      'Idempotency-Key'?: string;
    };
    body: ConnectionBody;
    answer: ConnectionResponse;
  };
  /** Post pool. Takes `edit` of `pool`. */
  post_pool: {
    header?: {
      /** Makes it safe to send the request again: within a day, the same request with the same key is not done again but answered as the first was, with the header `Idempotency-Replayed: true` */
      'Idempotency-Key'?: string;
    };
    body: PoolBody;
    answer: PoolResponse;
  };
  /** Post variable. Takes `edit` of `variable`. */
  post_variable: {
    header?: {
      /** Makes it safe to send the request again: within a day, the same request with the same key is not done again but answered as the first was, with the header `Idempotency-Replayed: true` */
      'Idempotency-Key'?: string;
    };
    body: VariableBody;
    answer: VariableResponse;
  };
  /** Put connection. Takes `edit` of `connection`. */
  put_connection: {
    path: {
      /** The id of a connection */
      connection_id: string;
    };
    body: ConnectionByUrl;
    answer: ConnectionResponse;
  };
  /** Redeliver notice. Takes `operate` of `notice`. */
  redeliver_notice: {
    path: {
      /** The id of a notice */
      notice_id: number;
    };
    header?: {
      /** Makes it safe to send the request again: within a day, the same request with the same key is not done again but answered as the first was, with the header `Idempotency-Replayed: true` */
      'Idempotency-Key'?: string;
    };
    answer: Notice;
  };
  /** Remove asset partition. Takes `edit` of `asset`. */
  remove_asset_partition: {
    path: {
      /** The name of an asset */
      asset_name: string;
      /** The key of a partition */
      partition_key: string;
    };
    query?: {
      /** Of an asset with several dimensions of partitions, the one that is meant */
      dimension?: string;
    };
    answer: null;
  };
  /** Reparse DAG file. Takes `operate` of `dag`. */
  reparse_dag_file: {
    path: {
      /** Only with this file token */
      file_token: string;
    };
    answer: Config;
  };
  /** Revoke API key */
  revoke_api_key: {
    path: {
      /** Only with this token id */
      token_id: number;
    };
    answer: void;
  };
  /** Rotate connections. Encrypts the secrets of all connections, and all variables, under the current key. Takes `edit` of `connection`. */
  rotate_connections: {
    header?: {
      /** Makes it safe to send the request again: within a day, the same request with the same key is not done again but answered as the first was, with the header `Idempotency-Replayed: true` */
      'Idempotency-Key'?: string;
    };
    answer: RotatedConnections;
  };
  /** Search logs. Lines of the logs of a run, of all tries of its tasks. Bounded in bytes, in time and in lines: `cut` says by what. Takes `read` of `run`. */
  search_logs: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** The id of a DAG run; in lists of task instances `~` stands for all runs */
      dag_run_id: string;
    };
    query?: {
      /** In the message or its fields, in any case */
      text?: string;
      /** This level and those above it */
      level?: 'debug' | 'info' | 'warn' | 'error';
      /** The id of a task */
      task_id?: string;
      /** Which instance of a mapped task; -1 for a task that is not mapped */
      map_index?: number;
      /** The number of a try, from 1 */
      try_number?: number;
      /** Only with a timestamp at or after this */
      timestamp_gte?: string;
      /** Only with a timestamp at or before this */
      timestamp_lte?: string;
      /** How many at most */
      limit?: number;
      /** `next_cursor` of the page before */
      cursor?: string;
    };
    answer: LogSearchResult;
  };
  /** Test connection. Takes `edit` of `connection`. */
  test_connection: {
    header?: {
      /** Makes it safe to send the request again: within a day, the same request with the same key is not done again but answered as the first was, with the header `Idempotency-Replayed: true` */
      'Idempotency-Key'?: string;
    };
    body: ConnectionBody;
    answer: ConnectionTestResponse;
  };
  /** Test stored connection. Takes `edit` of `connection`. */
  test_stored_connection: {
    path: {
      /** The id of a connection */
      connection_id: string;
    };
    header?: {
      /** Makes it safe to send the request again: within a day, the same request with the same key is not done again but answered as the first was, with the header `Idempotency-Replayed: true` */
      'Idempotency-Key'?: string;
    };
    answer: ConnectionTestResponse;
  };
  /** Trigger DAG run. Takes `operate` of `run`. */
  trigger_dag_run: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
    };
    header?: {
      /** Makes it safe to send the request again: within a day, the same request with the same key is not done again but answered as the first was, with the header `Idempotency-Replayed: true` */
      'Idempotency-Key'?: string;
    };
    body?: TriggerDagRun;
    answer: DagRun;
  };
  /** Unfavorite DAG. Takes `read` of `dag`. */
  unfavorite_dag: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
    };
    answer: void;
  };
  /** Unpause backfill. Takes `operate` of `backfill`. */
  unpause_backfill: {
    path: {
      /** The id of a backfill */
      backfill_id: number;
    };
    answer: Backfill;
  };
  /** Update HITL detail. Takes `operate` of `run`. */
  update_hitl_detail: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** The id of a DAG run; in lists of task instances `~` stands for all runs */
      dag_run_id: string;
      /** The id of a task */
      task_id: string;
      /** Which instance of a mapped task; -1 for a task that is not mapped */
      map_index: number;
    };
    body: UpdateHitlDetail;
    answer: HitlDetailResponse;
  };
  /** Update XCom entry. Gives a task another result. Tasks that begin later read it; those that have read the old one do not run again. Takes `edit` of `run`. */
  update_xcom_entry: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** The id of a DAG run; in lists of task instances `~` stands for all runs */
      dag_run_id: string;
      /** The id of a task */
      task_id: string;
      /** The key of a result: `return_value` */
      xcom_key: string;
    };
    body: XComUpdate;
    answer: XComEntry;
  };
  /** Verify audit. Reads all of it: whether an entry was changed, removed, inserted or moved. Takes `read` of `audit`. */
  verify_audit: {
    query?: {
      /** An entry that you noted elsewhere, as `id:hash`: it must still be there */
      known?: string;
    };
    answer: AuditVerification;
  };
  /** Wait DAG run until finished. Lines of JSON (NDJSON), one each time that it looked: `{"state": "running"}`, at last with `results` by task. Takes `read` of `run`. */
  wait_dag_run_until_finished: {
    path: {
      /** The id of a DAG; in lists of runs and task instances `~` stands for all DAGs */
      dag_id: string;
      /** The id of a DAG run; in lists of task instances `~` stands for all runs */
      dag_run_id: string;
    };
    query: {
      /** Seconds between two looks at the run */
      interval: number;
      /** Tasks whose results the last line has */
      result?: Array<string>;
    };
    answer: Response;
  };
}
