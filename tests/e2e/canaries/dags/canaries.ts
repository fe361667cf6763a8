/** Tasks that do with their secrets what careless people do: log them in every form, print them, throw them. */
import { lake, postgres } from '@headrace/connectors';
import { dag, extract, load, notify, skip, type TaskContext, task, variable } from '@headrace/sdk';
import { COUNT, homeOf, nameOf } from '../secrets.ts';

const GROUPS = 5;
const alerts = notify.webhook('alerts');

export default dag('canaries', { onFailure: [alerts, notify.webhook('canary_2')] }, () => {
  for (let group = 0; group < GROUPS; group++) {
    const own = Array.from({ length: COUNT }, (_, index) => index).filter((index) => Math.floor(index / 10) === group);
    const connections = own.filter((index) => homeOf(index) !== 'variable').map(nameOf);
    const names = own.filter((index) => homeOf(index) === 'variable').map(nameOf);
    // Their names are known when it runs: as far as types are concerned there is one.
    const inputs = Object.fromEntries(names.map((name) => [name, variable(name)])) as { readonly canary: ReturnType<typeof variable> };

    task(`logs_${group}`, { connections, in: inputs }, async (context) => {
      for (const secret of secretsIn(context, connections, names)) await tell(secret, context);
    });
    task(`throws_${group}`, { connections, in: inputs, onFailure: alerts }, async (context) => {
      const secrets = secretsIn(context, connections, names);
      const cause = Object.assign(new Error(`cause: ${JSON.stringify(secrets)}`), { code: 'E_CAUSE', secrets });
      throw new Error(`could not log in with ${secrets.join(' or ')} (${secrets.map(encodeURIComponent).join()})`, { cause });
    });
  }
  task('skips', { connections: ['canary_1'], in: { canary_3_secret: variable('canary_3_secret') } }, (context) => {
    skip(`there is nothing for ${secretsIn(context, ['canary_1'], ['canary_3_secret']).join()}`);
  });
  const rows = extract('cannot_connect', { from: postgres('canary_0').table('public.x', { columns: { id: 'int8' } }) });
  load('never', { from: rows, into: lake('lake').table('x') });
});

function secretsIn(context: Pick<TaskContext, 'connection'>, connections: readonly string[], names: readonly string[]): readonly string[] {
  const ofConnections = connections.map((id) => {
    const url = new URL(context.connection(id).url);
    return url.searchParams.get('token') ?? decodeURIComponent(url.password);
  });
  return [...ofConnections, ...names.map((name) => String(Reflect.get(context, name)))];
}

async function tell(secret: string, { log }: Pick<TaskContext, 'log'>): Promise<void> {
  const json = JSON.stringify({ secret });
  log.info(`it is ${secret}`);
  log.warn('as a field', { value: secret, deep: { list: [secret], json } });
  log.info(json);
  log.info(JSON.stringify(json));
  log.info(encodeURIComponent(secret));
  log.info(new URLSearchParams({ secret }).toString());
  log.info(Buffer.from(secret).toString('base64'));
  log.info(Buffer.from(`user:${secret}`).toString('base64'));
  log.info(Buffer.from(secret).toString('hex'));
  console.log({ secret }, secret);
  console.error(new Error(secret));
  const half = Math.floor(secret.length / 2);
  // In two pieces, with a pause in between: two reads at the other end.
  process.stdout.write(`split ${secret.slice(0, half)}`);
  await new Promise((resolve) => setTimeout(resolve, 5));
  process.stdout.write(`${secret.slice(half)} end\n`);
}
