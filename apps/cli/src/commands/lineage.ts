/** What data is made of, and what is made of it. */
import type { LineageGraph } from '@headrace/api-contract';
import { type Command, Option } from 'commander';
import { openSession } from '../api-connection.ts';
import { UsageError } from '../failures.ts';
import { show } from '../output/show.ts';
import type { Terminal } from '../terminal.ts';

interface LineageOptions {
  readonly dag?: string;
  readonly direction: 'upstream' | 'downstream' | 'both';
  readonly depth: string;
  readonly column?: string;
  readonly columns?: boolean;
}

export function addLineageCommand(program: Command, terminal: Terminal): void {
  program
    .command('lineage')
    .description('what an asset is made of and goes into, or what a DAG reads and writes')
    .argument('[asset]', 'a table, a file or an asset: its name, or a part of it')
    .option('--dag <id>', 'all that this DAG works with')
    .addOption(new Option('--direction <direction>').choices(['upstream', 'downstream', 'both']).default('both'))
    .option('--depth <number>', 'how many tasks away', '5')
    .option('--column <name>', 'only what this column of the asset is made of, or goes into')
    .option('--columns', 'also which columns are made of which')
    .action(async (asset: string | undefined, options: LineageOptions, command: Command) => {
      const { dag, direction, column } = options;
      if ((asset === undefined) === (dag === undefined)) throw new UsageError('Name either an asset or, with --dag, a DAG');
      const depth = Number(options.depth);
      if (!Number.isInteger(depth) || depth < 0 || depth > 50)
        throw new UsageError(`--depth must be a number from 0 to 50, not "${options.depth}"`);
      const session = await openSession(command, terminal);
      const query = { asset, dag, direction, depth, column, columns: true };
      const graph = await session.client.lineage(query);
      show(session, graph, () => textOf(graph, options.columns === true || column !== undefined));
    });
}

function textOf({ roots, tasks, column_edges: edges, cut }: LineageGraph, withColumns: boolean): string {
  if (roots.length === 0) return 'No task has read or written such data yet\n';
  const lines = tasks.flatMap(({ id, reads, writes }) => [
    ...reads.map((place) => `  ${place}`),
    `    -> ${id}${writes.length === 0 ? '' : ` -> ${writes.join(', ')}`}`,
  ]);
  const columns = edges.map((edge) => `  ${edge.from_asset}.${edge.from_column} -> ${edge.to_asset}.${edge.to_column}  (${edge.task})`);
  return [
    `${roots.join('\n')}`,
    ...lines,
    ...(withColumns && columns.length > 0 ? ['Columns', ...columns] : []),
    ...(cut ? ['There is more than this: ask with a smaller --depth, or for one --direction'] : []),
    '',
  ].join('\n');
}
