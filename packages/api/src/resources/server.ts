/** What the server is made of: its processes, its settings, the packages in it. */

import { createHash } from 'node:crypto';
import {
  Config,
  ConfigQuery,
  type Job,
  JobCollection,
  type JobListQuery,
  JobListQuery as JobQuery,
  PackageListQuery,
  PluginCollection,
  PluginImportErrorCollection,
  ProviderCollection,
} from '@headrace/api-contract';
import type { HealthRecord } from '@headrace/ports';
import { dateTime, dateTimeOrNull, toInstant } from '../answers/date-times.ts';
import { acceptedForm } from '../http/accepted-form.ts';
import { ApiProblem, unsupported } from '../http/api-problem.ts';
import { answers, path, permit } from '../http/route-schema.ts';
import type { Routes } from './context.ts';
import { sortedBy } from './in-order.ts';
import { pageOf } from './page.ts';

export const serverRoutes: Routes = async (app, { deps }) => {
  app.get(
    '/jobs',
    {
      ...permit('read', 'system'),
      schema: { operationId: 'get_jobs', tags: ['Job'], querystring: JobQuery, response: answers(JobCollection, 'HR_UNKNOWN_ORDER') },
    },
    async ({ query }) => {
      const { limit, offset, orderBy = [] } = pageOf(query);
      const jobs = sortedBy(jobsOf(await deps.health()).filter(fits(query)), orderBy, JOB_ORDERS);
      return { jobs: jobs.slice(offset, offset + limit), total_entries: jobs.length };
    },
  );

  app.get(
    '/plugins',
    {
      ...permit('read', 'system'),
      schema: { operationId: 'get_plugins', tags: ['Plugin'], querystring: PackageListQuery, response: answers(PluginCollection) },
    },
    async () => ({ plugins: [], total_entries: 0 }),
  );

  app.get(
    '/plugins/importErrors',
    {
      ...permit('read', 'system'),
      schema: { operationId: 'import_errors', tags: ['Plugin'], response: answers(PluginImportErrorCollection) },
    },
    async () => ({ import_errors: [], total_entries: 0 }),
  );

  app.get(
    '/providers',
    {
      ...permit('read', 'system'),
      schema: { operationId: 'get_providers', tags: ['Provider'], querystring: PackageListQuery, response: answers(ProviderCollection) },
    },
    async ({ query }) => {
      const providers = deps.connections.types.map(({ name, title }) => ({
        package_name: `@headrace/connectors/${name}`,
        description: title,
        version: deps.version,
        documentation_url: null,
      }));
      const { limit, offset } = pageOf(query);
      return { providers: providers.slice(offset, offset + limit), total_entries: providers.length };
    },
  );

  app.get(
    '/config',
    {
      ...permit('administer', 'system'),
      schema: {
        operationId: 'get_config',
        tags: ['Config'],
        description: 'The settings in force, without secrets: JSON, or plain text by the Accept header.',
        querystring: ConfigQuery,
        response: answers(Config, 'HR_SETTING_NOT_FOUND', 'HR_NOT_ACCEPTABLE'),
      },
    },
    async ({ query: { section }, headers }, reply): Promise<Config> => {
      const sections = deps.settings.filter(({ name }) => section === undefined || name === section);
      if (sections.length === 0) throw new ApiProblem('HR_SETTING_NOT_FOUND', `There is no section "${section}" of settings`);
      return asAsked(sections, headers.accept, reply);
    },
  );

  app.get(
    '/config/section/:section/option/:option',
    {
      ...permit('administer', 'system'),
      schema: {
        operationId: 'get_config_value',
        tags: ['Config'],
        params: path('section', 'option'),
        response: answers(Config, 'HR_SETTING_NOT_FOUND', 'HR_NOT_ACCEPTABLE'),
      },
    },
    async ({ params: { section, option }, headers }, reply): Promise<Config> => {
      const found = deps.settings.find(({ name }) => name === section)?.options.find(({ key }) => key === option);
      if (found === undefined) throw new ApiProblem('HR_SETTING_NOT_FOUND', `There is no setting "${option}" in a section "${section}"`);
      return asAsked([{ name: section, options: [found] }], headers.accept, reply);
    },
  );

  app.put(
    '/parseDagFile/:file_token',
    {
      ...permit('operate', 'dag', { every: true }),
      schema: {
        operationId: 'reparse_dag_file',
        tags: ['DAG Parsing'],
        params: path('file_token'),
        response: answers(Config, 'HR_UNSUPPORTED'),
      },
    },
    async ({ params }) => {
      throw unsupported(
        'path.file_token',
        `The scheduler watches the DAG folder and loads "${params.file_token}" anew when it changes: there is nothing to ask for`,
      );
    },
  );
};

/** One line for each setting, below its section: as Airflow writes its file. */
function asAsked(sections: Config['sections'], accept: string | undefined, reply: Parameters<typeof plain>[0]): Config {
  const form = acceptedForm('The configuration', accept, ['application/json', 'text/plain']);
  return form === 'application/json' ? { sections } : plain(reply, sections);
}

function plain(
  reply: { type(name: string): { serializer(write: (text: unknown) => string): { send(body: never): unknown } } },
  sections: Config['sections'],
): Config {
  const text = sections.map(({ name, options }) => [`[${name}]`, ...options.map(({ key, value }) => `${key} = ${value}`), ''].join('\n'));
  // The schema describes the JSON form.
  return reply
    .type('text/plain; charset=utf-8')
    .serializer(String)
    .send(text.join('\n') as never) as Config;
}

const JOB_ORDERS = ['id', 'state', 'job_type', 'start_date', 'end_date', 'latest_heartbeat', 'executor_class', 'hostname'] as const;

function jobsOf({ schedulers, workers }: HealthRecord): Job[] {
  const job = (job_type: 'SchedulerJob' | 'WorkerJob', one: HealthRecord['schedulers'][number], hostname: string | null): Job => ({
    id: idOf(one.id),
    dag_id: null,
    dag_display_name: null,
    state: one.alive ? 'running' : 'failed',
    job_type,
    start_date: dateTimeOrNull(one.startedAt),
    end_date: null,
    latest_heartbeat: dateTime(one.heartbeatAt),
    executor_class: null,
    hostname,
    unixname: null,
  });
  return [...schedulers.map((one) => job('SchedulerJob', one, null)), ...workers.map((one) => job('WorkerJob', one, one.hostname))];
}

/** 48 bits of the hash of its name. */
function idOf(name: string): number {
  return createHash('sha256').update(name).digest().readUIntBE(0, 6);
}

function fits(query: JobListQuery): (job: Job) => boolean {
  const { is_alive, job_state, job_type, hostname, executor_class } = query;
  return (job) =>
    (is_alive === undefined || (job.state === 'running') === is_alive) &&
    (job_state === undefined || job.state === job_state) &&
    (job_type === undefined || job.job_type === job_type) &&
    (hostname === undefined || job.hostname === hostname) &&
    executor_class === undefined &&
    isWithin(job.start_date, query, 'start_date') &&
    isWithin(job.end_date, query, 'end_date');
}

function isWithin(date: string | null, query: JobListQuery, name: 'start_date' | 'end_date'): boolean {
  const at = toInstant(date) ?? Number.NaN;
  const [gte, gt, lte, lt] = (['gte', 'gt', 'lte', 'lt'] as const).map((bound) => toInstant(query[`${name}_${bound}`]));
  return (
    (gte === undefined || at >= gte) && (gt === undefined || at > gt) && (lte === undefined || at <= lte) && (lt === undefined || at < lt)
  );
}
