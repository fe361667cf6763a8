/** How an answer is written: `table` for people, the others for programs. */
import type { Command } from 'commander';

export const OUTPUT_FORMATS = ['table', 'json', 'yaml', 'csv'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** What `--output` of this command line says. */
export function outputOf(command: Command): OutputFormat {
  return command.optsWithGlobals<{ readonly output?: OutputFormat }>().output ?? 'table';
}
