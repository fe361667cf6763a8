/** The parameters of an operation, each with a word on what it does. */
import type { TSchema } from 'typebox';
import { hasDefault, type JsonSchema, type SchemaBook } from './schemas.ts';

type Place = 'path' | 'query' | 'header';

/** Where the schema itself says nothing. */
const TEXTS: Readonly<Record<string, string>> = {
  asset_alias_id: 'The id of an asset alias',
  asset_id: 'The id of an asset',
  asset_name: 'The name of an asset',
  backfill_id: 'The id of a backfill',
  before: 'Only what was before this instant',
  bundle_name: 'Only what is of this bundle',
  bundle_version: 'Only what is of this bundle version: the content hash of the DAG file',
  connection_id: 'The id of a connection',
  cursor: '`next_cursor` of the page before',
  cursor_name: 'The name of a cursor',
  dag_id: 'The id of a DAG; in lists of runs and task instances `~` stands for all DAGs',
  dag_ids: 'Only of these DAGs; may be repeated',
  dag_run_id: 'The id of a DAG run; in lists of task instances `~` stands for all runs',
  deserialize: 'As Airflow has it; results are JSON in any case',
  dimension: 'Of an asset with several dimensions of partitions, the one that is meant',
  event: 'Only of this kind',
  exclude_stale: 'Without DAGs that are no longer in any file',
  from: 'The first instant of the time asked for',
  full_content: 'All of it in one answer, however long',
  import_error_id: 'The id of an import error',
  kind: 'Only of these kinds; may be repeated',
  limit: 'How many at most',
  load_id: 'Only of this load',
  map_index: 'Which instance of a mapped task; -1 for a task that is not mapped',
  name: 'Only of this name',
  notice_id: 'The id of a notice',
  offset: 'How many to pass over',
  ok: 'Only those that passed, or only those that did not',
  only_active: 'Only those that a DAG still has',
  open: 'Only those that have not ended',
  order_by: 'Columns of the answer; `-` before one for descending order; may be repeated',
  other_number: 'The number of the version to compare with',
  partition_key: 'The key of a partition',
  paused: 'Only paused ones, or only those that are not',
  pool: 'Only of these pools; may be repeated',
  pool_name: 'The name of a pool',
  queue: 'Only of these queues; may be repeated',
  responded_by_user_id: 'Only those that these users answered; may be repeated',
  responded_by_user_name: 'Only those that users of these names answered; may be repeated',
  response_received: 'Only answered ones, or only open ones',
  run_type: 'Only runs of these types; may be repeated',
  source_dag_id: 'Only what this DAG made',
  source_map_index: 'Only what the instance with this map index made',
  source_run_id: 'Only what this run made',
  source_task_id: 'Only what this task made',
  state: 'Only in these states; may be repeated',
  stringify: 'The value as JSON text instead of JSON',
  table: 'As the DAG file names it',
  tags: 'Only with these tags; may be repeated',
  tags_match_mode: 'Whether one of the tags is enough',
  task_group_id: 'The tasks of this group and of the groups in it; of one DAG only',
  task_id: 'The id of a task',
  task_try_number: 'The number of a try, from 1',
  token: '`continuation_token` of the answer before',
  try_number: 'The number of a try, from 1',
  until: 'The end of the time asked for',
  update_mask: 'The fields of the body to use; absent: all that are given. May be repeated',
  version_number: 'The number of a version of the DAG, from 1',
  wait_token: 'The secret of the wait, as the task got it',
  xcom_key: 'The key of a result: `return_value`',
};

const RANGES: Readonly<Record<string, string>> = {
  gte: 'at or after',
  gt: 'after',
  lte: 'at or before',
  lt: 'before',
};

/** What is said of a parameter whose schema says nothing. */
function parameterText(name: string): string {
  const known = TEXTS[name];
  if (known !== undefined) return known;
  const [, subject = name, suffix = ''] = /^(.+)_(gte|gt|lte|lt|pattern|prefix_pattern|search)$/.exec(name) ?? [];
  const words = subject.replaceAll('_', ' ');
  if (suffix in RANGES) return `Only with a ${words} ${RANGES[suffix]} this`;
  if (suffix !== '') return `Only with such a ${words}`;
  return `Only with this ${words}`;
}

/** @param place where the properties of `schema` are sent. */
export function parametersOf(place: Place, schema: TSchema | undefined, book: SchemaBook): readonly JsonSchema[] {
  if (schema === undefined || !('properties' in schema)) return [];
  const required = new Set('required' in schema ? (schema.required as readonly string[]) : []);
  return Object.entries(schema.properties as Readonly<Record<string, TSchema>>).map(([name, one]) => {
    const { description, ...described } = book.refer(one);
    return {
      name,
      in: place,
      required: place === 'path' || (required.has(name) && !hasDefault(one)),
      description: description ?? parameterText(name),
      schema: described,
    };
  });
}
