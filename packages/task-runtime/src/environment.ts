/** What of the worker's environment a task process sees: names on a list, never what holds the credentials of Headrace itself. */
const ALWAYS = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'LANGUAGE',
  'TZ',
  'TMPDIR',
  'NODE_ENV',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
];
const NEVER = new Set(['DATABASE_URL', 'REDIS_URL']);

/**
 * The environment of a task process. `allowed` adds names; `DATABASE_URL`, `REDIS_URL` and everything of Headrace stay out whatever it says.
 * NODE_EXTRA_CA_CERTS is read at every start of a process, which takes 40 ms for a usual file: only who names it gets it.
 */
export function taskEnvironment(environment: NodeJS.ProcessEnv, allowed: readonly string[]): Record<string, string> {
  const names = new Set([...ALWAYS, ...allowed]);
  const entries = Object.entries(environment).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && (names.has(entry[0]) || entry[0].startsWith('LC_')) && !isSecret(entry[0]),
  );
  return Object.fromEntries(entries);
}

function isSecret(name: string): boolean {
  return NEVER.has(name) || name.startsWith('HEADRACE_');
}
