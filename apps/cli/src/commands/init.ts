/** `headrace init`: a new project. */
import { relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { outputOf } from '../output/output-format.ts';
import { show } from '../output/show.ts';
import { ownVersion } from '../own-version.ts';
import type { Terminal } from '../terminal.ts';

interface InitOptions {
  readonly docker?: boolean;
  readonly packages?: string;
}

export function addInitCommand(program: Command, terminal: Terminal): void {
  program
    .command('init')
    .description('make a new project: an example that runs, its test, and everything around it; it asks nothing')
    .argument('[folder]', 'a new or an empty one', '.')
    .option('--docker', 'with a docker-compose.yml of PostgreSQL and Redis, for several processes')
    .option('--packages <folder>', "take Headrace's packages from tarballs (npm run pack), not from the registry")
    .action(async (folder: string, { docker = false, packages }: InitOptions, command: Command) => {
      const { writeProject } = await import('../init/write-project.ts');
      const files = writeProject({ folder, version: ownVersion(), docker, ...(packages === undefined ? {} : { packages }) });
      const place = relative(process.cwd(), resolve(folder));
      show({ output: outputOf(command), terminal }, { folder: resolve(folder), files }, () => {
        const steps = [...(place === '' ? [] : [`cd ${place}`]), 'npm install', 'npm test', 'npm start'];
        return `${files.map((file) => `  ${file}\n`).join('')}\nNext:\n${steps.map((step) => `  ${step}\n`).join('')}`;
      });
    });
}
