/** The text of docs/errors.md: every code in the sources, by what it is about. */
import { PROBLEMS, type ProblemCode } from '@headrace/api-contract';
import { type ErrorCode, errorCodes } from './error-codes.ts';
import { MEANINGS } from './error-meanings.ts';
import { cell, table } from './markdown.ts';

/** Of a code that is said in many ways these many are shown. */
const SHOWN = 3;

/** By the first of its folders that is listed, in this order. Problems of the API stand before all of these. */
const PARTS: readonly { readonly title: string; readonly about: string; readonly folders: readonly string[] }[] = [
  {
    title: 'DAG files',
    about:
      'Import errors: shown by `headrace dags errors` and `headrace dags check`, with file, line and column. The version before stays live.',
    folders: ['packages/sdk', 'packages/dag-loader'],
  },
  {
    title: 'Tasks',
    about:
      "Errors of attempts. They stand in the log and the state of the task instance, and retry rules can name them: `retries: { on: [{ error: 'HR_…', action: 'fail' }] }`.",
    folders: ['packages/task-runtime', 'packages/worker', 'packages/engine'],
  },
  {
    title: 'Data',
    about: 'Errors of `extract`, `load`, `transform` and `exportTo`. Unless the text says otherwise nothing was published.',
    folders: ['packages/dataplane', 'packages/connectors'],
  },
  {
    title: 'Notices and secrets',
    about: 'Delivery of notices, and settings of connections.',
    folders: ['packages/notices', 'packages/connections'],
  },
  {
    title: 'Starting and operating',
    about: 'Errors of the processes and of the command line.',
    folders: [],
  },
];

export function errorDocument(): string {
  const codes = errorCodes();
  const isProblem = ({ code }: ErrorCode): boolean => code in PROBLEMS;
  const partOf = ({ folders }: ErrorCode): string =>
    (PARTS.find((part) => part.folders.some((folder) => folders.includes(folder))) ?? PARTS.at(-1))?.title ?? '';
  const others = Map.groupBy(
    codes.filter((code) => !isProblem(code)),
    partOf,
  );
  return `${[
    '# Errors',
    'This file is generated from the sources: `npm run docs:references`. It has every code that Headrace can give.',
    `A code never changes its meaning; programs, retry rules and alerts may rely on it. The message beside it says what was wrong, where, and what
to do; \`…\` stands for what is filled in when it happens. A password is never part of a message.`,
    '## Problems of the REST API',
    `Answers with a status of 400 and above are problem details (RFC 9457): \`code\`, \`title\`, \`detail\`, and \`errors\` with one entry for each wrong
field. \`type\` is \`urn:headrace:problem:\` and the code. The command line says the same, with an [exit code](cli.md#exit-codes) for its kind.`,
    table(
      ['code', 'status', 'what it says'],
      codes.filter(isProblem).map((error) => {
        const { status, title } = PROBLEMS[error.code as ProblemCode];
        return [`\`${error.code}\``, String(status), `${title}. ${meaningOf(error)}`.trim()];
      }),
    ),
    ...PARTS.flatMap(({ title, about }) => {
      const rows = (others.get(title) ?? []).map((error) => [`\`${error.code}\``, meaningOf(error)]);
      return rows.length === 0 ? [] : [`## ${title}`, about, table(['code', 'what it says'], rows)];
    }),
  ].join('\n\n')}\n`;
}

function meaningOf({ code, messages }: ErrorCode): string {
  const meaning = MEANINGS[code];
  const shown = meaning === undefined ? messages.slice(0, SHOWN) : [];
  const more = meaning === undefined && messages.length > SHOWN ? ['and others of the kind'] : [];
  return [...(meaning === undefined ? [] : [meaning]), ...shown.map(sentence), ...more].map(cell).join('<br>');
}

/** A message begins with where it happened; a table need not say so each time. */
function sentence(message: string): string {
  return message.replace(/^…(?:, line …)?: /, '').replace(/^(\p{Ll})/u, (letter) => letter.toUpperCase());
}
