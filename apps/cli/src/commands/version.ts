import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { show } from '../output/show.ts';
import type { Terminal } from '../terminal.ts';

export function addVersionCommand(program: Command, terminal: Terminal): void {
  program
    .command('version')
    .description('the version of this headrace, and of its Node')
    .action((_, command: Command) => {
      const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
      const json = command.optsWithGlobals<{ output: string }>().output === 'json';
      show({ json, terminal }, { version, node: process.version }, () => `headrace ${version} (Node ${process.version})\n`);
    });
}
