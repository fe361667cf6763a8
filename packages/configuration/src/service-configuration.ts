import { ConfigurationError } from './configuration-error.ts';
import type { Configuration } from './settings.ts';

/** The configuration of a process that needs its servers to be there. */
export type ServiceConfiguration = Configuration & { readonly databaseUrl: string; readonly queueUrl: string };

/** Asks for what `scheduler`, `worker` and `api` cannot do without; queues are in the database when no Redis is named. Throws ConfigurationError. */
export function forService(configuration: Configuration): ServiceConfiguration {
  const { databaseUrl, queueUrl = databaseUrl } = configuration;
  if (databaseUrl === undefined || queueUrl === undefined) {
    throw new ConfigurationError(['DATABASE_URL is not set; it names the PostgreSQL of Headrace (`headrace standalone` brings one along)']);
  }
  return { ...configuration, databaseUrl, queueUrl };
}
