/** The text of docs/api-reference.md: every operation of the API, by its tag, as `/openapi.json` describes it. */
import { describedApi } from '../clients/document.ts';
import { cell, table } from './markdown.ts';

interface Described {
  readonly tags: readonly { readonly name: string; readonly description?: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>;
}

interface DescribedOperation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly security?: readonly unknown[];
}

export async function apiDocument(): Promise<string> {
  return written((await describedApi()) as unknown as Described);
}

function written({ tags, paths }: Described): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ request: `${method.toUpperCase()} ${path}`, ...operation })),
  );
  const parts = tags.flatMap(({ name, description }) => {
    const rows = operations
      .filter((operation) => operation.tags[0] === name)
      .map((operation) => [`\`${operation.operationId}\``, `\`${operation.request}\``, permissionOf(operation), cell(aboutOf(operation))]);
    return rows.length === 0
      ? []
      : [`## ${name}`, ...(description === undefined ? [] : [description]), table(['operation', 'request', 'takes', 'what it does'], rows)];
  });
  return `${[
    '# Operations of the REST API',
    'This file is generated from the routes: `npm run docs:references`.',
    `All ${operations.length} operations, with what it takes to call them: an action on a kind of objects ([access](access.md)). Parameters, bodies and answers are
in \`/openapi.json\`, and on the page that a running API shows under \`/docs\`. How lists, filters and problems work, and what is otherwise than
Airflow’s: [rest-api.md](rest-api.md). Codes of problems: [errors.md](errors.md). Clients: [api-clients.md](api-clients.md).`,
    ...parts,
  ].join('\n\n')}\n`;
}

const TAKES = /Takes (`[^`]+` of `[^`]+`)\./;

function permissionOf({ description = '', security }: DescribedOperation): string {
  return TAKES.exec(description)?.[1] ?? (security?.length === 0 ? 'nothing' : 'a login');
}

function aboutOf({ summary, description = '' }: DescribedOperation): string {
  const more = description.replace(TAKES, '').trim();
  return more === '' ? summary : `${summary}. ${more}`;
}
