/** Reads a CSV file into a package and exports it, in a process that may write only small files; prints what came of it as JSON. */

import { files } from '../../src/index.ts';
import { createFileBench } from './file-bench.ts';

const [rows = '0', name = 'out.csv'] = process.argv.slice(2);
const bench = await createFileBench();
const inbox = files('inbox');
try {
  const { reads, writes } = { reads: inbox.csv('small.csv', { columns: { k: 'int8' } }), writes: files('reports').csv(name) };
  await bench.put('small.csv', 'k\n1\n');
  const { package: packed } = await bench.read(reads);
  await bench.write(writes, packed);
  const many = {
    select: `select i as k, md5(i::varchar) as v from range(${Number(rows)}) t(i)`,
    columns: [
      { name: 'k', type: 'int8' as const },
      { name: 'v', type: 'text' as const },
    ],
  };
  const error: unknown = await bench.write(writes, many).catch((failure: unknown) => failure);
  const left = await bench.read(files('reports').csv(name));
  process.stdout.write(
    JSON.stringify({
      code: (error as { code?: unknown }).code,
      message: String(error),
      left: left.rows,
      files: await bench.list('reports'),
    }),
  );
} finally {
  await bench.close();
}
