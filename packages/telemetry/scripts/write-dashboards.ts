/** Writes docker/grafana/dashboards from what stands in `dashboards/`. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { dashboardFiles } from './dashboards/all.ts';

const folder = new URL('../../../docker/grafana/dashboards/', import.meta.url);
for (const [name, text] of dashboardFiles()) writeFileSync(fileURLToPath(new URL(name, folder)), text);
