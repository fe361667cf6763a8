/** Makes a user where no API can be asked: for whoever holds DATABASE_URL. */
import { createPasswords, DEFAULT_COST, passwordProblem } from '@headrace/access';
import type { CreateUser } from '@headrace/api-contract';
import { forService, loadConfiguration, secretsOf } from '@headrace/configuration';
import { audited } from './audited-command.ts';
import { UsageError } from './failures.ts';
import type { Terminal } from './terminal.ts';

/** @throws UsageError, ConfigurationError, UserExistsError */
export async function createUserInDatabase(
  { username, password, roles = [], display_name: displayName, email }: CreateUser,
  terminal: Terminal,
): Promise<{ readonly username: string; readonly roles: readonly string[] }> {
  // As the API asks for it.
  if (!/^[\w.@+-]{1,100}$/.test(username))
    throw new UsageError(`"${username}" cannot be the name of a user: letters, digits and . _ @ + -`);
  const problem = password === undefined ? undefined : passwordProblem(password, username);
  if (problem !== undefined) throw new UsageError(`The password must ${problem}`);
  const configuration = forService(await loadConfiguration({ env: terminal.env }));
  const [{ createStore }, { createLog }] = await Promise.all([import('@headrace/store-postgres'), import('@headrace/telemetry')]);
  const log = createLog({ name: 'users', level: 'warn', pretty: true, destination: terminal.stderr, secrets: secretsOf(configuration) });
  const store = createStore({ url: configuration.databaseUrl, log, applicationName: 'headrace users' });
  try {
    await store.checkSchema();
    const passwords = createPasswords({ ...DEFAULT_COST, ln: configuration.passwordCost });
    const user = {
      name: username,
      roles,
      ...(displayName === undefined ? {} : { displayName }),
      ...(email === undefined ? {} : { email }),
      ...(password === undefined ? {} : { passwordHash: await passwords.hash(password) }),
    };
    const about = { action: 'create_user', object: 'user', object_id: username, parameters: { roles: [...roles] } };
    const made = await audited(store.audit, about, () => store.access.createUser(user, Date.now()));
    return { username: made.name, roles: made.roles };
  } finally {
    await store.close();
  }
}
