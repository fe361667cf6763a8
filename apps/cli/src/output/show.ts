/** The answer of a command: a document for programs or a text for people, never both. */
import { stringify } from 'yaml';
import type { Terminal } from '../terminal.ts';
import { formatCsv } from './csv.ts';
import type { OutputFormat } from './output-format.ts';
import { inTableStyle } from './table.ts';

export interface Shown {
  readonly terminal: Terminal;
  /** Default: table, or JSON where `json` says so. */
  readonly output?: OutputFormat;
  readonly json?: boolean;
}

export function show({ json = false, output = json ? 'json' : 'table', terminal }: Shown, document: unknown, text: () => string): void {
  const { stdout } = terminal;
  switch (output) {
    case 'json':
      stdout.write(`${JSON.stringify(document, null, 2)}\n`);
      break;
    case 'yaml':
      stdout.write(stringify(document, { lineWidth: 0, aliasDuplicateObjects: false }));
      break;
    case 'csv':
      stdout.write(formatCsv(document));
      break;
    default:
      stdout.write(inTableStyle(styleOf(terminal), text));
  }
}

/** A terminal gets tables that fit into it; what is piped is neither cut nor coloured. */
function styleOf({ stdout, env }: Terminal) {
  if (stdout.isTTY !== true) return { colours: isForced(env) };
  const colours = (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
  return { colours, ...(stdout.columns === undefined ? {} : { width: stdout.columns }) };
}

function isForced({ FORCE_COLOR, NO_COLOR }: Terminal['env']): boolean {
  return (NO_COLOR ?? '') === '' && FORCE_COLOR !== undefined && FORCE_COLOR !== '' && FORCE_COLOR !== '0';
}
