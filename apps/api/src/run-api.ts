/** Composes an API process: the store, the engine's commands, the loader's check of params, metrics. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildApi, knownTokens } from '@headrace/api';
import { type ServiceConfiguration, secretKeysOf, secretsOf, shownSettings } from '@headrace/configuration';
import { createConnectionBook, createConnectionSource, createKeyring, createVariableBook } from '@headrace/connections';
import { refuseNetworks } from '@headrace/connectors/refused-networks';
import { createParamsValidator, createTimetableEvaluator } from '@headrace/dag-loader';
import { createRunCommands, DagVersions } from '@headrace/engine';
import { createObjectStore } from '@headrace/objects';
import { type RunningProcess, systemClock } from '@headrace/ports';
import { createStore } from '@headrace/store-postgres';
import { attemptLogKey } from '@headrace/task-runtime';
import { createLog, createMetrics } from '@headrace/telemetry';
import { openTracing } from '@headrace/tracing';
import { accessOf, firstHint, sweepAccess } from './access.ts';
import { guardedDataAdmin } from './data-admin.ts';
import { runObserver } from './run-observers.ts';
import { version } from './version.ts';

/** Started and listening. Throws ConfigurationError where an identity provider is configured by half, and what the store says of a database that it cannot use. */
export async function runApi(configuration: ServiceConfiguration): Promise<RunningProcess> {
  const { host, port, home, databaseUrl, objects, logLevel, logFormat } = configuration;
  const tokens = tokensOf(configuration);
  const log = createLog({ name: 'api', level: logLevel, pretty: logFormat === 'pretty', secrets: secretsOf(configuration) });
  const { metrics, registry } = createMetrics({ valuesPerLabel: configuration.metricsValuesPerLabel });
  const store = createStore({ url: databaseUrl, log, metrics, applicationName: 'headrace-api' });
  // Both ask bundles that the store has: the DAG folder need not be on this machine.
  const paramsValidator = createParamsValidator({ cacheDir: join(home, 'api-cache'), store, log });
  const timetables = createTimetableEvaluator({ cacheDir: join(home, 'api-cache'), store: store.attempts, log });
  const keyring = createKeyring(secretKeysOf(configuration));
  const book = createConnectionBook(store.connections, keyring);
  const onError = (error: unknown): void => log.warn({ error }, 'spans could not be sent');
  const tracing = await openTracing({ serviceName: 'headrace-api', env: process.env, onError });
  const observer = runObserver(configuration, tracing, { notices: store.notices, log });
  try {
    await store.checkSchema();
    const app = await buildApi({
      queries: store.queries,
      commands: store.commands,
      notices: store.notices,
      dagVersions: store.versions,
      explain: store.explain,
      stateChanges: { events: store.events, states: store.states },
      waits: store.waits,
      pools: store.pools,
      connections: book,
      variables: createVariableBook(store.variables, keyring),
      settings: shownSettings(configuration),
      connectionUrl: createConnectionSource({ configured: configuration.connections, book, now: () => performance.now() }),
      dataAdmin: guardedDataAdmin(refuseNetworks(configuration.refusedNetworks)),
      dataReports: store.dataReports,
      lineage: store.lineage,
      ...(tracing === undefined ? {} : { tracing }),
      progress: store.progress,
      catalog: store.catalog,
      assets: store.assets,
      backfills: store.backfills,
      timetables,
      objects: createObjectStore(objects),
      logKeyOf: attemptLogKey,
      runCommands: createRunCommands({
        store: store.commands,
        versions: new DagVersions(store.scheduler),
        clock: systemClock,
        ...(observer === undefined ? {} : { observer }),
      }),
      validateParams: (dagId, params) => paramsValidator.validate(dagId, params),
      authenticate: knownTokens(tokens),
      access: accessOf(configuration, store.access),
      audit: store.audit,
      idempotency: store.idempotency,
      log,
      metrics,
      registry,
      version: version(),
      health: () => store.queries.health(),
    });
    const address = await app.listen({ host, port });
    const stopSweeping = sweepAccess(store.access, log);
    const hint = await firstHint(store, configuration.publicUrl ?? address);
    return {
      address,
      ...(hint === undefined ? {} : { hint }),
      async stop() {
        stopSweeping();
        await app.close();
        await tracing?.close();
        await timetables.close();
        await paramsValidator.close();
        await store.close();
      },
    };
  } catch (error) {
    await timetables.close();
    await paramsValidator.close();
    await store.close();
    throw error;
  }
}

/** Of the service. There may be none: users come in with their own. */
function tokensOf({ token, home }: ServiceConfiguration): { token: string; name: string }[] {
  const file = join(home, 'admin-token');
  const tokens = [
    ...(token === undefined ? [] : [{ token, name: 'HEADRACE_TOKEN' }]),
    ...(existsSync(file) ? [{ token: readFileSync(file, 'utf8').trim(), name: 'admin' }] : []),
  ];
  return tokens.filter((one) => one.token !== '');
}
