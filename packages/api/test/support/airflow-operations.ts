/** Each operation of Airflow's REST API v2, and what Headrace makes of it. docs/rest-api.md is made of this; tests hold it to the routes. */

export interface AirflowOperation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  /** False: it is always answered with a problem; `note` says why. */
  readonly served: boolean;
  /** In what it differs. */
  readonly note?: string;
}

type Row = readonly [id: string, method: string, path: string, note?: string];

const SERVED: readonly Row[] = [
  ['get_assets', 'GET', '/assets'],
  ['get_asset_aliases', 'GET', '/assets/aliases', 'There are no aliases, an event names its asset: the list is empty'],
  ['get_asset_events', 'GET', '/assets/events'],
  ['create_asset_event', 'POST', '/assets/events'],
  ['get_asset', 'GET', '/assets/{asset_id}'],
  ['materialize_asset', 'POST', '/assets/{asset_id}/materialize'],
  ['delete_asset_queued_events', 'DELETE', '/assets/{asset_id}/queuedEvents'],
  ['get_asset_queued_events', 'GET', '/assets/{asset_id}/queuedEvents'],
  ['login', 'GET', '/auth/login', 'Leads to the page on which people log in'],
  ['logout', 'GET', '/auth/logout', 'Leads to a page that asks: a link alone logs nobody out'],
  ['list_backfills', 'GET', '/backfills'],
  ['create_backfill', 'POST', '/backfills'],
  ['create_backfill_dry_run', 'POST', '/backfills/dry_run'],
  ['get_backfill', 'GET', '/backfills/{backfill_id}'],
  ['cancel_backfill', 'PUT', '/backfills/{backfill_id}/cancel'],
  ['pause_backfill', 'PUT', '/backfills/{backfill_id}/pause'],
  ['unpause_backfill', 'PUT', '/backfills/{backfill_id}/unpause'],
  [
    'get_config',
    'GET',
    '/config',
    'One section, `headrace`, with the settings by their names in the environment; secrets are `***`. For administrators',
  ],
  ['get_config_value', 'GET', '/config/section/{section}/option/{option}', 'As above'],
  ['get_connections', 'GET', '/connections'],
  ['bulk_connections', 'PATCH', '/connections', 'Each entity for itself: others go on where one is refused'],
  ['post_connection', 'POST', '/connections'],
  ['test_connection', 'POST', '/connections/test'],
  ['delete_connection', 'DELETE', '/connections/{connection_id}'],
  ['get_connection', 'GET', '/connections/{connection_id}'],
  ['patch_connection', 'PATCH', '/connections/{connection_id}', '`***` leaves a secret what it is; a connection is not renamed'],
  ['get_dag_source', 'GET', '/dagSources/{dag_id}'],
  ['get_dag_stats', 'GET', '/dagStats', 'Counts are exact, from an index'],
  ['get_dag_tags', 'GET', '/dagTags'],
  ['list_dag_warnings', 'GET', '/dagWarnings', '`non-existent pool` only: an asset conflict is an import error'],
  ['get_dags', 'GET', '/dags'],
  ['patch_dags', 'PATCH', '/dags', "Of one page of the list, as Airflow's"],
  [
    'delete_dag',
    'DELETE',
    '/dags/{dag_id}',
    'Refused while it has queued or running runs (`HR_RUN_LIVE`). History goes in batches; a file that still holds the DAG brings it back without it',
  ],
  ['get_dag', 'GET', '/dags/{dag_id}'],
  ['patch_dag', 'PATCH', '/dags/{dag_id}'],
  ['delete_dag_asset_queued_events', 'DELETE', '/dags/{dag_id}/assets/queuedEvents'],
  ['get_dag_asset_queued_events', 'GET', '/dags/{dag_id}/assets/queuedEvents'],
  ['delete_dag_asset_queued_event', 'DELETE', '/dags/{dag_id}/assets/{asset_id}/queuedEvents'],
  ['get_dag_asset_queued_event', 'GET', '/dags/{dag_id}/assets/{asset_id}/queuedEvents'],
  [
    'post_clear_task_instances',
    'POST',
    '/dags/{dag_id}/clearTaskInstances',
    'A cleared run always goes on: `reset_dag_runs: false` is refused. Also `include_later_loop_iterations`',
  ],
  ['get_dag_runs', 'GET', '/dags/{dag_id}/dagRuns', 'Also `cursor`; see below'],
  ['trigger_dag_run', 'POST', '/dags/{dag_id}/dagRuns', '`Idempotency-Key` makes it safe to send again'],
  ['get_list_dag_runs_batch', 'POST', '/dags/{dag_id}/dagRuns/list', 'Also `cursor`; see below'],
  [
    'delete_dag_run',
    'DELETE',
    '/dags/{dag_id}/dagRuns/{dag_run_id}',
    'Refused while it is running (`HR_RUN_LIVE`). Logs stay until retention removes them',
  ],
  ['get_dag_run', 'GET', '/dags/{dag_id}/dagRuns/{dag_run_id}'],
  ['patch_dag_run', 'PATCH', '/dags/{dag_id}/dagRuns/{dag_run_id}', '`failed` cancels, `queued` runs all of it anew'],
  ['clear_dag_run', 'POST', '/dags/{dag_id}/dagRuns/{dag_run_id}/clear'],
  ['get_hitl_details', 'GET', '/dags/{dag_id}/dagRuns/{dag_run_id}/hitlDetails'],
  ['get_task_instances', 'GET', '/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances', 'Also `cursor`; see below'],
  [
    'bulk_task_instances',
    'PATCH',
    '/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances',
    '`create` is refused for each entity: the scheduler makes task instances',
  ],
  ['get_task_instances_batch', 'POST', '/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/list', 'Also `cursor`; see below'],
  [
    'delete_task_instance',
    'DELETE',
    '/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}',
    'Only of a `removed` task: any other is a part of its run (`HR_TASK_NEEDED`)',
  ],
  ['get_task_instance', 'GET', '/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}'],
  [
    'patch_task_instance',
    'PATCH',
    '/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}',
    '`success` and `failed`; to run it anew, clear it',
  ],
  [
    'get_task_instance_dependencies',
    'GET',
    '/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/dependencies',
    'What keeps it from running, the first blocker first',
  ],
  ['patch_task_instance_dry_run', 'PATCH', '/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/dry_run', 'As above'],
  [
    'get_extra_links',
    'GET',
    '/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/links',
    'Always empty: a task says what it has to say in its result and its log',
  ],
  [
    'get_mapped_task_instances',
    'GET',
    '/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/listMapped',
    'Also `cursor`; see below',
  ],
  ['get_log', 'GET', '/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/logs/{try_number}'],
  ['get_task_instance_tries', 'GET', '/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/tries'],
  ['get_task_instance_try_details', 'GET', '/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/tries/{task_try_number}'],
  [
    'get_xcom_entries',
    'GET',
    '/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries',
    'A task has one result, `return_value`; only of tasks that have succeeded',
  ],
  [
    'create_xcom_entry',
    'POST',
    '/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries',
    'Gives a success without a result one; other keys are refused (`HR_UNSUPPORTED`)',
  ],
  [
    'delete_xcom_entry',
    'DELETE',
    '/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries/{xcom_key}',
    'Tasks that begin later get `undefined`',
  ],
  [
    'get_xcom_entry',
    'GET',
    '/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries/{xcom_key}',
    'What JSON lacks (bigint, dates, decimals) is in its stored form; `deserialize` changes nothing',
  ],
  [
    'update_xcom_entry',
    'PATCH',
    '/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries/{xcom_key}',
    'Tasks that begin later read the new result',
  ],
  ['get_mapped_task_instance', 'GET', '/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}'],
  ['patch_task_instance_by_map_index', 'PATCH', '/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}', 'As above'],
  [
    'get_task_instance_dependencies_by_map_index',
    'GET',
    '/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/dependencies',
    'As above',
  ],
  [
    'patch_task_instance_dry_run_by_map_index',
    'PATCH',
    '/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/dry_run',
    'As above',
  ],
  ['get_hitl_detail', 'GET', '/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/hitlDetails'],
  ['update_hitl_detail', 'PATCH', '/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/hitlDetails'],
  [
    'get_hitl_detail_try_detail',
    'GET',
    '/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/hitlDetails/tries/{try_number}',
  ],
  ['get_mapped_task_instance_tries', 'GET', '/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/tries'],
  [
    'get_mapped_task_instance_try_details',
    'GET',
    '/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/tries/{task_try_number}',
  ],
  ['get_upstream_asset_events', 'GET', '/dags/{dag_id}/dagRuns/{dag_run_id}/upstreamAssetEvents'],
  [
    'wait_dag_run_until_finished',
    'GET',
    '/dags/{dag_id}/dagRuns/{dag_run_id}/wait',
    'Results by task; of a mapped task a list in the order of its items',
  ],
  ['get_dag_versions', 'GET', '/dags/{dag_id}/dagVersions'],
  ['get_dag_version', 'GET', '/dags/{dag_id}/dagVersions/{version_number}'],
  ['get_dag_details', 'GET', '/dags/{dag_id}/details'],
  ['favorite_dag', 'POST', '/dags/{dag_id}/favorite'],
  ['get_tasks', 'GET', '/dags/{dag_id}/tasks'],
  ['get_task', 'GET', '/dags/{dag_id}/tasks/{task_id}'],
  ['unfavorite_dag', 'POST', '/dags/{dag_id}/unfavorite', '`HR_NO_FAVORITE` where it was none'],
  ['get_event_logs', 'GET', '/eventLogs'],
  ['get_event_log', 'GET', '/eventLogs/{event_log_id}'],
  ['get_import_errors', 'GET', '/importErrors'],
  ['get_import_error', 'GET', '/importErrors/{import_error_id}'],
  ['get_jobs', 'GET', '/jobs', 'Schedulers and workers; `id` is made of the name of the process'],
  ['get_health', 'GET', '/monitor/health', 'There is no triggerer; `workers` is ours'],
  ['get_plugins', 'GET', '/plugins', 'The list is empty: Headrace is extended by packages that DAG files import'],
  ['import_errors', 'GET', '/plugins/importErrors', 'The list is empty, as that of plugins'],
  ['get_pools', 'GET', '/pools'],
  ['bulk_pools', 'PATCH', '/pools', 'As bulk_connections'],
  ['post_pool', 'POST', '/pools'],
  ['delete_pool', 'DELETE', '/pools/{pool_name}'],
  ['get_pool', 'GET', '/pools/{pool_name}'],
  ['patch_pool', 'PATCH', '/pools/{pool_name}', 'A pool is not renamed'],
  ['get_providers', 'GET', '/providers', 'The connectors that are built in'],
  ['get_variables', 'GET', '/variables', 'Values are encrypted; those whose names say that they are secret are shown as `***`'],
  ['bulk_variables', 'PATCH', '/variables', 'As bulk_connections'],
  ['post_variable', 'POST', '/variables'],
  ['delete_variable', 'DELETE', '/variables/{variable_key}'],
  ['get_variable', 'GET', '/variables/{variable_key}', 'As get_variables'],
  ['patch_variable', 'PATCH', '/variables/{variable_key}', 'A value of `***` leaves a secret what it is; a variable is not renamed'],
  ['get_version', 'GET', '/version'],
];

const REFUSED: readonly Row[] = [
  [
    'get_asset_alias',
    'GET',
    '/assets/aliases/{asset_alias_id}',
    'There are no aliases, an event names its asset: `HR_ASSET_ALIAS_NOT_FOUND`',
  ],
  [
    'create_default_connections',
    'POST',
    '/connections/defaults',
    'Airflow makes connections to demonstration systems that are not here: `HR_UNSUPPORTED`',
  ],
  [
    'get_external_log_url',
    'GET',
    '/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/externalLogUrl/{try_number}',
    'Logs are kept by Headrace itself: `HR_NO_EXTERNAL_LOGS`',
  ],
  [
    'reparse_dag_file',
    'PUT',
    '/parseDagFile/{file_token}',
    'The scheduler watches the DAG folder and loads a file when it changes: `HR_UNSUPPORTED`',
  ],
];

function operation([id, method, path, note]: Row, served: boolean): AirflowOperation {
  return { id, method, path, served, ...(note === undefined ? {} : { note }) };
}

export const OPERATIONS: readonly AirflowOperation[] = [
  ...SERVED.map((row) => operation(row, true)),
  ...REFUSED.map((row) => operation(row, false)),
];

/** Parameters and fields of Airflow's that are not taken, by `operation name`, with the reason. They are refused, never ignored. */
export const NOT_TAKEN: Readonly<Record<string, string>> = {};

/** Parameters and fields that are taken beside Airflow's. */
export const OURS: Readonly<Record<string, string>> = {
  'get_dag_runs cursor': 'pages by keyset',
  'get_task_instances cursor': 'pages by keyset',
  'get_mapped_task_instances cursor': 'pages by keyset',
  'get_list_dag_runs_batch cursor': 'pages by keyset',
  'get_task_instances_batch cursor': 'pages by keyset',
  'clear_dag_run note': 'of newer versions of Airflow',
  'clear_dag_run only_new': 'of newer versions of Airflow',
  'post_clear_task_instances include_later_loop_iterations': 'Airflow has no loops',
};
