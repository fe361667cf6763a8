/** The text of docs/rest-api.md, from what is known of Airflow's operations. */
import { type AirflowOperation, NOT_TAKEN, OPERATIONS, OURS } from './airflow-operations.ts';

export function restApiDocument(): string {
  const served = OPERATIONS.filter((operation) => operation.served);
  const alike = served.filter(({ note }) => note === undefined);
  const different = served.filter(({ note }) => note !== undefined);
  const refused = OPERATIONS.filter((operation) => !operation.served);
  return `${[
    '# The REST API beside Airflow’s',
    '<!-- Made by packages/api/scripts/write-rest-api-document.ts of packages/api/test/support/airflow-operations.ts: change that, not this. -->',
    `Headrace answers under the paths of Airflow’s REST API v2, \`/api/v2\`, with its fields, filters, orders and pages, so that its clients and
people’s scripts work. Of its ${OPERATIONS.length} operations ${alike.length} are served alike, ${different.length} with differences that are named here, and ${refused.length} are answered with a problem
that says why. What Airflow lacks is under \`/headrace/v1\`. \`/openapi.json\` describes all of it.`,
    '## How lists are asked for',
    `- \`limit\` (default 50, at most 100 are given) and \`offset\`, as Airflow’s. \`order_by\` takes several columns, repeated or separated by
  commas, \`-\` before one for descending order. What has no value comes last; rows that are alike are ordered by their ids.
- **\`cursor\`**, of lists of runs and task instances: send \`cursor=\` for the first page and then the \`next_cursor\` of each answer, until it is
  null. A page deep in a list of millions costs what the first one costs, and rows that are added or removed meanwhile shift nothing.
  The order must stay the same; another one is refused with \`HR_INVALID_CURSOR\`.
- **\`total_entries\`** is exact up to 10 000 rows after the page that is shown; one of more than 1 000 may have been
  counted two seconds before. A longer list has \`total_is_exact: false\` and as
  \`total_entries\` where counting ended: always more than the page’s end, so that a client that goes on while \`offset\` is less than it
  sees everything. Nobody counts three million rows to show fifty.
- A parameter that an operation does not have is refused with 422, never ignored: a filter that is silently dropped gives wrong answers.
- Patterns: \`%\` is any text, \`_\` any character, \`a | b\` either; a pattern may stand anywhere in the text.
- Lists are read by an index in these orders: runs by \`id\`, \`start_date\` and \`run_after\`, of all DAGs or of one; task instances by \`id\`, and
  by \`start_date\` where one state that is an end (\`success\`, \`failed\`, \`skipped\`, \`upstream_failed\`, \`removed\`) is asked for. Other
  filters and orders read what they must, within 30 seconds.`,
    '## Bulk requests',
    `Actions are carried out in order, each entity for itself and as the same request for it alone would be. What an entity is refused for stands
in \`errors\` with its key, status and code; the others go on. \`action_on_existence\` is \`fail\`, \`skip\` or \`overwrite\`,
\`action_on_non_existence\` \`fail\` or \`skip\`.`,
    '## Problems',
    `Errors are problem details (RFC 9457) instead of Airflow’s \`{"detail": …}\`: \`detail\` is there in both. \`code\` is stable and for programs.
Airflow’s 400 for a wrong field is 422 here.`,
    '## Served with differences',
    table(different),
    '## Answered with a problem',
    table(refused),
    '## Parameters and fields that are not taken',
    entries(NOT_TAKEN, 'All are taken.'),
    '## Parameters and fields beside Airflow’s',
    entries(OURS, 'There are none.'),
    '## Served alike',
    table(alike),
  ].join('\n\n')}\n`;
}

function table(operations: readonly AirflowOperation[]): string {
  const hasNotes = operations.some(({ note }) => note !== undefined);
  const rows = operations.map(({ id, method, path, note }) => `| \`${id}\` | ${method} \`${path}\` |${hasNotes ? ` ${note ?? ''} |` : ''}`);
  return [`| operation | request |${hasNotes ? ' |' : ''}`, `| --- | --- |${hasNotes ? ' --- |' : ''}`, ...rows].join('\n');
}

function entries(list: Readonly<Record<string, string>>, none: string): string {
  const rows = Object.entries(list).map(([key, why]) => {
    const [operation, name] = key.split(' ');
    return `| \`${operation}\` | \`${name}\` | ${why} |`;
  });
  return rows.length === 0 ? none : ['| operation | name | why |', '| --- | --- | --- |', ...rows].join('\n');
}
