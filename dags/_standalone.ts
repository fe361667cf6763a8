/** What the example pipelines need on a laptop: the till database with a week of sales, a reporting database, and folders. */
import { seedTable } from '@headrace/connectors/seed';
import { tillColumns } from './store_sales/columns.ts';

interface Services {
  database(name: string): Promise<string>;
  readonly home: string;
  readonly dags: string;
}

/** Safe to repeat. Answers with connection URLs by id. */
export async function prepare({ database, home, dags }: Services): Promise<Readonly<Record<string, string>>> {
  const [pos, reporting] = [await database('pos'), await database('reporting')];
  await seedTills(pos, `${dags}/data/sales.csv.gz`);
  return {
    pos,
    reporting,
    shop_files: folderUrl(`${dags}/data`),
    lake: folderUrl(`${home}/lake`),
    reports: folderUrl(`${home}/reports`),
  };
}

/** Makes `pos.sales` and copies the sample into it, unless it has rows. Answers with the number of rows copied. */
export function seedTills(url: string, file: string): Promise<number> {
  return seedTable(url, {
    table: 'pos.sales',
    columns: tillColumns,
    keys: ['basket_id', 'product_id'],
    indexes: ['transaction_timestamp'],
    file,
  });
}

/** `/a folder` → `file:///a%20folder`. */
function folderUrl(path: string): string {
  return `file://${path.split('/').map(encodeURIComponent).join('/')}`;
}
