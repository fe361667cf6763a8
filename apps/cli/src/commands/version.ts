import type { Command } from 'commander';
import { outputOf } from '../output/output-format.ts';
import { show } from '../output/show.ts';
import { ownVersion } from '../own-version.ts';
import type { Terminal } from '../terminal.ts';

export function addVersionCommand(program: Command, terminal: Terminal): void {
  program
    .command('version')
    .description('the version of this headrace, and of its Node')
    .action((_, command: Command) => {
      const version = ownVersion();
      show(
        { output: outputOf(command), terminal },
        { version, node: process.version },
        () => `headrace ${version} (Node ${process.version})\n`,
      );
    });
}
