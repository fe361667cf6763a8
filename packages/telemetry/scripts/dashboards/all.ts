/** The dashboards as files: name → text. */
import { dagDashboard } from './dag.ts';
import { data } from './data.ts';
import { grafanaJson } from './grafana-json.ts';
import { overview } from './overview.ts';
import { workersAndQueues } from './workers-and-queues.ts';

export const dashboards = [overview, dagDashboard, workersAndQueues, data] as const;

export function dashboardFiles(): ReadonlyMap<string, string> {
  return new Map(dashboards.map((dashboard) => [`${dashboard.uid}.json`, grafanaJson(dashboard)]));
}
