/** Connections as the API shows them, and what a request says of one. Airflow's `extra` is a JSON object in a text. */
import type { ConnectionPatch, ConnectionResponse } from '@headrace/api-contract';
import type { ConnectionChange, ConnectionView } from '@headrace/ports';
import { invalid } from '../http/api-problem.ts';

/** Stands for a secret in answers; in requests: what it was. */
const HIDDEN = '***';

export function presentConnection(view: ConnectionView): ConnectionResponse {
  const extra = { ...view.extra, ...Object.fromEntries(view.secretExtra.map((name) => [name, HIDDEN])) };
  return {
    connection_id: view.connId,
    conn_type: view.connType,
    description: view.description ?? null,
    host: view.host ?? null,
    login: view.login ?? null,
    schema: view.schema ?? null,
    port: view.port ?? null,
    password: view.hasPassword ? HIDDEN : null,
    extra: Object.keys(extra).length === 0 ? null : JSON.stringify(extra),
    team_name: null,
    protocol: view.protocol ?? null,
  };
}

/** Only the fields in the mask, where there is one. Throws ApiProblem for an `extra` that is no JSON object. */
export function connectionChange(body: ConnectionPatch, mask?: readonly string[]): ConnectionChange {
  const { conn_type, extra, ...rest } = Object.fromEntries(
    Object.entries(body).filter(([name]) => mask?.includes(name) ?? true),
  ) as ConnectionPatch;
  const { connection_id: _, team_name: __, ...fields } = rest;
  return {
    ...fields,
    ...(conn_type === undefined ? {} : { connType: conn_type }),
    ...(extra === undefined ? {} : { extra: extra === null || extra.trim() === '' ? null : settingsOf(extra) }),
  };
}

/** Values that are no text are written as JSON writes them: `true`, `5432`. */
function settingsOf(text: string): Readonly<Record<string, string>> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    parsed = undefined;
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw invalid({ field: 'body.extra', message: 'must be a JSON object in a text, such as {"region": "eu-central-1"}' });
  return Object.fromEntries(
    Object.entries(parsed).flatMap(([name, value]): [string, string][] =>
      value === null ? [] : [[name, typeof value === 'string' ? value : JSON.stringify(value)]],
    ),
  );
}
