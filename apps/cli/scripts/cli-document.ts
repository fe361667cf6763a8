/** docs/cli-reference.md as text: what the commands say about themselves, for people. */
import type { Argument, Command, Option } from 'commander';
import { EXAMPLES } from '../src/examples.ts';
import { createProgram } from '../src/program.ts';

const silent = { write: () => undefined };

export function cliDocument(): string {
  const program = createProgram({ env: {}, stdout: silent, stderr: silent });
  return `# Commands

What [the command line](cli.md) can do. This file is generated: \`node apps/cli/scripts/write-cli-document.ts\`.

Options that every command takes:

${optionTable(program.options)}
${program.commands
  .filter(isShown)
  .map((command) => section(command, [command.name()]))
  .join('\n')}`;
}

function isShown(command: Command): boolean {
  return !command.name().startsWith('_') && command.name() !== 'help';
}

function section(command: Command, words: readonly string[]): string {
  const below = command.commands.filter(isShown);
  const heading = `${'#'.repeat(words.length + 1)} \`${[...words, ...command.registeredArguments.map(usageOf)].join(' ')}\``;
  const aliases = command.aliases().map((alias) => `\`${[...words.slice(0, -1), alias].join(' ')}\``);
  const parts = [
    heading,
    `${sentence(command.description())}${aliases.length === 0 ? '' : ` Also ${aliases.join(', ')}.`}`,
    ...argumentLines(command.registeredArguments),
    ...(command.options.length === 0 ? [] : [optionTable(command.options).trimEnd()]),
    ...exampleBlock(words),
    ...below.map((one) => section(one, [...words, one.name()]).trimEnd()),
  ];
  return `${parts.join('\n\n')}\n`;
}

function usageOf(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

function argumentLines(all: readonly Argument[]): readonly string[] {
  const told = all.filter(({ description, argChoices }) => description !== '' || argChoices !== undefined);
  if (told.length === 0) return [];
  const lines = told.map((argument) => {
    const { description, argChoices } = argument;
    const choices = argChoices === undefined ? '' : argChoices.map((choice) => `\`${choice}\``).join(', ');
    return `- \`${usageOf(argument)}\`: ${[description, choices].filter((part) => part !== '').join('; ')}`;
  });
  return [lines.join('\n')];
}

function optionTable(options: readonly Option[]): string {
  const rows = options
    .filter(({ hidden }) => !hidden)
    .map(({ flags, description, argChoices, defaultValue }) => {
      const choices = argChoices === undefined ? '' : ` (${argChoices.map((choice) => `\`${choice}\``).join(', ')})`;
      const fallback = typeof defaultValue === 'string' ? `; default \`${defaultValue}\`` : '';
      return `| \`${flags.replaceAll('|', '\\|')}\` | ${description.replaceAll('|', '\\|')}${choices}${fallback} |`;
    });
  return `| Option | Meaning |\n|---|---|\n${rows.join('\n')}\n`;
}

function exampleBlock(words: readonly string[]): readonly string[] {
  const lines = EXAMPLES[words.join(' ')];
  return lines === undefined ? [] : [`\`\`\`text\n${lines.join('\n')}\n\`\`\``];
}

function sentence(text: string): string {
  return text === '' ? '' : `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
