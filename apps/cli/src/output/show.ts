/** The answer of a command: a document for programs or a text for people, never both. */
import type { Session } from '../api-connection.ts';

export function show({ json, terminal }: Pick<Session, 'json' | 'terminal'>, document: unknown, text: () => string): void {
  terminal.stdout.write(json ? `${JSON.stringify(document, null, 2)}\n` : text());
}
