/** docs/configuration.md as text: what the settings say about themselves, for people. */
import { notesOf, settingNames } from './settings.ts';

export function configurationDocument(): string {
  const rows = settingNames.map((name) => {
    const { env, description, expected, unit, defaultText, default: value } = notesOf(name);
    const shown = defaultText ?? `\`${Array.isArray(value) ? value.join(',') || '(none)' : value}\``;
    return `| \`${env}\` | \`${name}\` | ${shown}${unit === undefined ? '' : ` ${unit}`} | ${description} Must be ${expected}. |`;
  });
  return `# Configuration

A setting is an environment variable, or a key of the object that \`headrace.config.ts\` in the working folder exports as its default.
The environment goes before the file, and the file before the default. An empty variable counts as none.
An unknown name or a bad value stops the start; all problems are told at once.

This file is generated: \`node packages/configuration/scripts/write-configuration-document.ts\`.

| Variable | Key in the file | Default | Meaning |
|---|---|---|---|
${rows.join('\n')}

## Connections

\`HEADRACE_CONN_<ID>\` holds the URL of the connection \`<id>\`, in lower case: \`HEADRACE_CONN_POS=postgres://reader:secret@tills:5432/pos\` is
what \`postgres('pos')\` in a DAG talks to. In the file: \`connections: { pos: 'postgres://…' }\`.
A task gets only the connections that it declares. Those that are kept in Headrace, with encrypted secrets, are in [connections.md](connections.md);
one of the same id here goes before them.

## The file

\`\`\`ts
import type { ConfigurationFile } from '@headrace/configuration';

export default { port: 9000, workerSlots: 16 } satisfies ConfigurationFile;
\`\`\`
`;
}
