/** Every setting of Headrace, declared once: its name in the environment, its type, default, unit and meaning. docs/configuration.md is generated from it. */
import { type Static, Type } from 'typebox';
import { accessSettings } from './access-settings.ts';

/** What a setting says about itself beside its type. */
export interface SettingNotes {
  /** The environment variable. */
  readonly env: string;
  readonly description: string;
  /** What a good value is, after "must be": for errors and for the document. */
  readonly expected: string;
  readonly unit?: string;
  /** Its value is not repeated in an error. */
  readonly secret?: boolean;
  /** For the document, where the default is not a constant. */
  readonly defaultText?: string;
}

const postgresUrl = '^postgres(ql)?://';

const integer = (minimum: number, maximum: number, value: number, notes: Omit<SettingNotes, 'expected'>) =>
  Type.Integer({ minimum, maximum, default: value, expected: `an integer from ${minimum} to ${maximum}`, ...notes });

const retention = (days: number, env: string, description: string) =>
  integer(0, 36_500, days, { env, description: `How long it is kept: ${description}`, unit: 'days' });

export const settings = {
  databaseUrl: Type.Optional(
    Type.String({
      env: 'DATABASE_URL',
      description: "Headrace's own PostgreSQL. Needed by every process but `standalone`, which brings one along.",
      expected: 'a postgres:// URL',
      pattern: postgresUrl,
      secret: true,
      defaultText: 'none',
    }),
  ),
  queueUrl: Type.Optional(
    Type.String({
      env: 'REDIS_URL',
      description: 'The Redis of the queues. A postgres:// URL puts the queues into PostgreSQL.',
      expected: 'a redis://, rediss:// or postgres:// URL',
      pattern: '^(rediss?|postgres(ql)?)://',
      secret: true,
      defaultText: 'the value of `DATABASE_URL`',
    }),
  ),
  home: Type.String({
    env: 'HEADRACE_HOME',
    description: "The folder of `standalone`'s data and of what a process keeps between two starts.",
    expected: 'a folder',
    minLength: 1,
    default: './.headrace',
  }),
  dags: Type.String({
    env: 'HEADRACE_DAGS',
    description: 'The folder of the DAG files.',
    expected: 'a folder',
    minLength: 1,
    default: './dags',
  }),
  host: Type.String({
    env: 'HEADRACE_HOST',
    description: 'The address on which the API, and the metrics of the other processes, listen.',
    expected: 'an address or a host name',
    minLength: 1,
    default: '127.0.0.1',
  }),
  port: integer(0, 65_535, 8_080, { env: 'HEADRACE_PORT', description: 'The port of the API; 0 takes a free one.' }),
  metricsPort: integer(0, 65_535, 0, {
    env: 'HEADRACE_METRICS_PORT',
    description:
      'The port of `/metrics` and `/health` of a scheduler or a worker; 0 takes a free one, which the process prints. `standalone` has both in one process: leave it 0 there.',
  }),
  secretKey: Type.Optional(
    Type.String({
      env: 'HEADRACE_SECRET_KEY',
      description:
        'Encrypts the secrets of connections that are kept in Headrace: the same for the API and all workers. `openssl rand -base64 32` makes one.',
      expected: 'at least 16 characters',
      minLength: 16,
      secret: true,
      defaultText: 'the file `secret-key` in `HEADRACE_HOME`, which `standalone` makes',
    }),
  ),
  secretKeyPrevious: Type.Array(Type.String({ minLength: 16 }), {
    env: 'HEADRACE_SECRET_KEY_PREVIOUS',
    description:
      'Keys that secrets may still be encrypted under, until `headrace connections rotate` has encrypted them under `HEADRACE_SECRET_KEY`.',
    expected: 'keys of at least 16 characters, separated by commas',
    secret: true,
    default: [] as string[],
  }),
  objects: Type.String({
    env: 'HEADRACE_OBJECTS',
    description: 'Where task logs and large results are kept: file:///folder or s3://bucket/prefix?region=…',
    expected: 'a file:// or s3:// URL',
    pattern: '^(file|s3)://',
    secret: true,
    default: '',
    defaultText: 'the folder `objects` in `HEADRACE_HOME`',
  }),
  logLevel: Type.Union([Type.Literal('debug'), Type.Literal('info'), Type.Literal('warn'), Type.Literal('error'), Type.Literal('silent')], {
    env: 'HEADRACE_LOG_LEVEL',
    description: 'The least important lines that are logged.',
    expected: 'debug, info, warn, error or silent',
    default: 'info',
  }),
  logFormat: Type.Union([Type.Literal('json'), Type.Literal('pretty')], {
    env: 'HEADRACE_LOG_FORMAT',
    description: 'JSON for machines, pretty for people.',
    expected: 'json or pretty',
    default: 'json',
  }),
  workerSlots: integer(1, 1_000, 4, {
    env: 'HEADRACE_WORKER_SLOTS',
    description: 'Attempts that a worker runs at once, each in a process of its own.',
  }),
  workerQueues: Type.Array(Type.String({ minLength: 1 }), {
    env: 'HEADRACE_WORKER_QUEUES',
    description: 'The queues that a worker serves.',
    expected: 'names of queues, separated by commas',
    minItems: 1,
    uniqueItems: true,
    default: ['default', 'extract', 'load', 'transform', 'export'],
  }),
  leaseSeconds: integer(2, 3_600, 30, {
    env: 'HEADRACE_LEASE_SECONDS',
    description:
      'For how long a worker owns an attempt without renewing it: the time after which the tasks of a dead worker are run again.',
    unit: 'seconds',
  }),
  taskMemoryMb: integer(32, 1_048_576, 512, {
    env: 'HEADRACE_TASK_MEMORY_MB',
    description: 'Memory of one task process; a task that needs more fails.',
    unit: 'MB',
  }),
  taskEnvAllow: Type.Array(Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_]*$' }), {
    env: 'HEADRACE_TASK_ENV_ALLOW',
    description: "Environment variables of the worker that tasks see. Headrace's own are never among them.",
    expected: 'names of environment variables, separated by commas',
    uniqueItems: true,
    default: [] as string[],
  }),
  taskGraceSeconds: integer(0, 3_600, 10, {
    env: 'HEADRACE_TASK_GRACE_SECONDS',
    description: 'Time for a task to end by itself after it was told to stop; then it is killed.',
    unit: 'seconds',
  }),
  drainSeconds: integer(0, 86_400, 60, {
    env: 'HEADRACE_DRAIN_SECONDS',
    description: 'Time for the running attempts of a worker that is told to stop; what still runs then goes back to the queue.',
    unit: 'seconds',
  }),
  metricsValuesPerLabel: integer(10, 100_000, 200, {
    env: 'HEADRACE_METRICS_VALUES_PER_LABEL',
    description:
      'Values, of DAGs for example, that one label of one metric may have in a process; those beyond are counted together as `other`.',
  }),
  housekeepingSchedule: Type.String({
    env: 'HEADRACE_HOUSEKEEPING_SCHEDULE',
    description: 'When schedulers remove what is older than the settings below want it kept. One of them does it.',
    expected: 'a cron expression of five fields, or six with seconds',
    pattern: '^\\S+( +\\S+){4,5}$',
    default: '*/10 * * * *',
  }),
  retainRunsDays: retention(
    365,
    'HEADRACE_RETAIN_RUNS_DAYS',
    'Runs, from their end, with their task instances, tries and results. 0: for ever.',
  ),
  retainRunsAtLeast: integer(0, 100_000, 10, {
    env: 'HEADRACE_RETAIN_RUNS_AT_LEAST',
    description: 'The newest runs of each DAG that are kept whatever their age.',
  }),
  retainLogsDays: retention(90, 'HEADRACE_RETAIN_LOGS_DAYS', 'Logs of tasks, from the end of their run. 0: as long as the run.'),
  retainResultsDays: retention(
    0,
    'HEADRACE_RETAIN_RESULTS_DAYS',
    'Results in the object store, from the end of their run: a task that is cleared later and needs one fails. 0: as long as the run.',
  ),
  retainDataDays: retention(
    365,
    'HEADRACE_RETAIN_DATA_DAYS',
    'Records of loads and checks. The newest load of each place and partition stays. 0: for ever.',
  ),
  retainAssetEventsDays: retention(
    365,
    'HEADRACE_RETAIN_ASSET_EVENTS_DAYS',
    'Events of assets. The newest of each asset and partition, and those that made a run that is there, stay. 0: for ever.',
  ),
  retainNoticesDays: retention(30, 'HEADRACE_RETAIN_NOTICES_DAYS', 'Notices that were delivered or given up. 0: for ever.'),
  retainVersionsDays: retention(
    90,
    'HEADRACE_RETAIN_VERSIONS_DAYS',
    'Versions of DAGs that no run refers to, with their code. 0: for ever.',
  ),
  retainVersionsAtLeast: integer(1, 100_000, 10, {
    env: 'HEADRACE_RETAIN_VERSIONS_AT_LEAST',
    description: 'The newest versions of each DAG that are kept whatever their age: to compare with, and to see what ran.',
  }),
  retainProcessesDays: retention(1, 'HEADRACE_RETAIN_PROCESSES_DAYS', 'Workers and schedulers that died. 0: for ever.'),
  retainAuditDays: retention(
    365,
    'HEADRACE_RETAIN_AUDIT_DAYS',
    'Entries of the audit log. The newest stays, and what is left can still be verified. 0: for ever.',
  ),
  retainPackagesDays: retention(
    30,
    'HEADRACE_RETAIN_PACKAGES_DAYS',
    'Packages that extracts have left, from when they were last made. 0: for ever.',
  ),
  packageConnections: Type.Array(Type.String({ pattern: '^[a-z][a-z0-9_]*$' }), {
    env: 'HEADRACE_PACKAGE_CONNECTIONS',
    description: 'The connections under whose roots housekeeping looks for packages. Those that schedulers do not know are passed over.',
    expected: 'ids of connections, separated by commas',
    uniqueItems: true,
    default: ['lake'],
  }),
  openLineageUrl: Type.Optional(
    Type.String({
      env: 'OPENLINEAGE_URL',
      description: 'Where lineage is sent, as OpenLineage events. The same for schedulers, workers and the API.',
      expected: 'an http:// or https:// URL',
      pattern: '^https?://',
      defaultText: 'nowhere',
    }),
  ),
  openLineageEndpoint: Type.String({
    env: 'OPENLINEAGE_ENDPOINT',
    description: 'The path below `OPENLINEAGE_URL`.',
    expected: 'a path',
    minLength: 1,
    default: 'api/v1/lineage',
  }),
  openLineageBatchEndpoint: Type.Optional(
    Type.String({
      env: 'OPENLINEAGE_BATCH_ENDPOINT',
      description:
        'The path below `OPENLINEAGE_URL` that takes several events in one request, such as `api/v1/lineage/batch`, where the backend has one; Marquez has none.',
      expected: 'a path',
      minLength: 1,
      defaultText: 'none: a request for each event',
    }),
  ),
  openLineageApiKey: Type.Optional(
    Type.String({
      env: 'OPENLINEAGE_API_KEY',
      description: 'Sent with lineage as a bearer token. Only workers need it.',
      expected: 'not empty',
      minLength: 1,
      secret: true,
      defaultText: 'none',
    }),
  ),
  openLineageFile: Type.Optional(
    Type.String({
      env: 'OPENLINEAGE_FILE',
      description: 'The file to which lineage is added, an event a line, where there is no `OPENLINEAGE_URL`.',
      expected: 'a file',
      minLength: 1,
      defaultText: 'none',
    }),
  ),
  openLineageNamespace: Type.String({
    env: 'OPENLINEAGE_NAMESPACE',
    description: 'The namespace of jobs in lineage: of this installation and of no other.',
    expected: 'not empty',
    minLength: 1,
    default: 'headrace',
  }),
  openLineageProducer: Type.String({
    env: 'OPENLINEAGE_PRODUCER',
    description: 'The URI that lineage names as its producer.',
    expected: 'a URI',
    pattern: '^[a-z][a-z0-9+.-]*:.+',
    default: 'urn:headrace',
  }),
  openLineageDisabled: Type.Union([Type.Literal('true'), Type.Literal('false')], {
    env: 'OPENLINEAGE_DISABLED',
    description: 'Whether no lineage is sent in spite of the settings above.',
    expected: 'true or false',
    default: 'false',
  }),
  url: Type.Optional(
    Type.String({
      env: 'HEADRACE_URL',
      description: 'For the command line: the API to talk to.',
      expected: 'an http:// or https:// URL',
      pattern: '^https?://',
      defaultText: 'the API on this machine',
    }),
  ),
  profile: Type.Optional(
    Type.String({
      env: 'HEADRACE_PROFILE',
      description: 'For the command line: the profile that has the URL and the token, as `headrace profile add` has made it.',
      expected: 'not empty',
      minLength: 1,
      defaultText: 'the profile of `headrace profile use`',
    }),
  ),
  token: Type.Optional(
    Type.String({
      env: 'HEADRACE_TOKEN',
      description: 'For the command line: the token sent to the API. For the API: a token that it accepts, beside the one in that file.',
      expected: 'not empty',
      minLength: 1,
      secret: true,
      defaultText: 'the file `admin-token` in `HEADRACE_HOME`',
    }),
  ),
  ...accessSettings,
};

export type SettingName = keyof typeof settings;
const schema = Type.Object(settings);

/** All settings, with their defaults. Folders are absolute. */
export type Configuration = Readonly<Static<typeof schema>> & {
  /** Connection URLs by id. */
  readonly connections: Readonly<Record<string, string>>;
};

/** What `headrace.config.ts` may export as its default. The environment goes before it. */
export type ConfigurationFile = Partial<Configuration>;

/** Before the id of a connection: `HEADRACE_CONN_POS` holds the URL of the connection `pos`. */
export const connectionPrefix = 'HEADRACE_CONN_';

export const settingNames = Object.keys(settings) as SettingName[];

export function notesOf(name: SettingName): SettingNotes & { readonly default?: unknown; readonly type?: unknown } {
  return settings[name] as unknown as SettingNotes;
}

/** The names of all settings in the environment, without connections. */
export const environmentNames: readonly string[] = settingNames.map((name) => notesOf(name).env);
