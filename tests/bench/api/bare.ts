/** What the API is held against: a Fastify route that reads one row by its key, and nothing else. `node bare.ts <database URL>` */
import fastify from 'fastify';
import pg from 'pg';

const [url] = process.argv.slice(2);
if (url === undefined) throw new Error('Say which database: node bare.ts <URL>');
const pool = new pg.Pool({ connectionString: url, max: 10 });
const app = fastify();
app.get<{ Params: { id: string } }>('/runs/:id', async ({ params }) => {
  const { rows } = await pool.query({ name: 'run', text: 'select * from headrace.dag_run where id = $1', values: [params.id] });
  return rows[0];
});
await app.listen({ host: '127.0.0.1', port: 0 });
process.send?.(app.listeningOrigin);
process.once('disconnect', () => process.exit());
