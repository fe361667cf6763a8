// Who may import whom: the arrows of docs/architecture.md as rules. tests/architecture/fences.test.ts sees each rule stop a violation.

/** Package → the packages of ours it may import. Apps may import any package; see `apps-do-not-meet` for the one exception. */
const MAY_IMPORT = {
  ports: ['core'],
  engine: ['core', 'ports'],
  sdk: ['core'],
  testing: ['core', 'engine', 'ports', 'sdk', 'task-runtime', 'worker'],
  'dag-loader': ['core', 'ports', 'sdk'],
  'task-runtime': ['core', 'ports', 'sdk', 'tracing'],
  worker: ['core', 'lineage', 'notices', 'ports', 'sdk', 'task-runtime', 'tracing'],
  notices: ['core', 'ports'],
  lineage: ['core', 'notices', 'ports'],
  tracing: [],
  'store-postgres': ['core', 'ports'],
  'queue-bullmq': ['core', 'ports'],
  objects: ['core', 'ports'],
  connections: ['ports'],
  telemetry: ['core', 'ports'],
  dataplane: ['core', 'ports', 'sdk'],
  connectors: ['sdk', 'dataplane'],
  'api-contract': ['core'],
  access: ['ports'],
  api: ['access', 'api-contract', 'core', 'ports', 'tracing'],
  client: ['api-contract'],
  configuration: [],
  'embedded-postgres': [],
};

/** npm package → the places whose source may import it. */
const VENDORS = {
  pg: ['packages/store-postgres', 'packages/queue-bullmq', 'packages/connectors', 'packages/embedded-postgres'],
  mysql2: ['packages/connectors'],
  bullmq: ['packages/queue-bullmq'],
  ioredis: ['packages/queue-bullmq'],
  fastify: ['packages/api'],
  'openid-client': ['packages/api'],
  'prom-client': ['packages/telemetry'],
  pino: ['packages/telemetry'],
  '@duckdb': ['packages/dataplane', 'packages/connectors'],
  mongodb: ['packages/connectors'],
  ssh2: ['packages/connectors'],
  '@aws-sdk': ['packages/objects', 'packages/connectors'],
  esbuild: ['packages/dag-loader'],
  commander: ['apps/cli'],
  '@opentelemetry': ['packages/tracing'],
};

/** Packages that take nothing of the core but its types: their code goes where the core's must not (bundles, browsers) or has no use for decisions. */
const ONLY_TYPES_OF_CORE = ['ports', 'sdk', 'api-contract'];

const anyOf = (names) => `(${names.join('|')})`;
const error = (name, comment, from, to) => ({ name, severity: 'error', comment, from, to });

const packageRules = Object.entries(MAY_IMPORT).map(([name, others]) =>
  error(
    `${name}-imports-only-its-neighbours`,
    `packages/${name} may import of ours: ${others.join(', ') || 'nothing'}. Pass what it needs in, or move the code to where it belongs.`,
    { path: `^packages/${name}/src/` },
    { path: '^(packages|apps|dags|tests)/', pathNot: `^packages/${anyOf([name, ...others])}/src/` },
  ),
);

const vendorRules = Object.entries(VENDORS).map(([vendor, places]) =>
  error(
    `only-there-${vendor.replace('@', '')}`,
    `${vendor} is imported in ${places.join(', ')} and nowhere else: everybody else talks to a port.`,
    { path: '^(packages|apps)/[^/]+/src/|^dags/', pathNot: `^${anyOf(places)}/` },
    { path: `node_modules/${vendor}/` },
  ),
);

const typeRules = ONLY_TYPES_OF_CORE.map((name) =>
  error(
    `${name}-takes-only-types-of-core`,
    `packages/${name} describes, it does not decide: use \`import type\`.`,
    { path: `^packages/${name}/src/` },
    { path: '^packages/core/', dependencyTypesNot: ['type-only'] },
  ),
);

export default {
  forbidden: [
    error(
      'core-is-pure',
      'The core decides; it never does. Pass the value in.',
      { path: '^packages/core/src/' },
      { pathNot: '^packages/core/src/' },
    ),
    ...packageRules,
    ...typeRules,
    ...vendorRules,
    error(
      'sdk-brings-nothing-along',
      'Every bundle carries the SDK: of npm it may import the types of Standard Schema, and nothing of Node.',
      { path: '^packages/sdk/src/' },
      { pathNot: ['^packages/', 'node_modules/@standard-schema/spec/'] },
    ),
    error('packages-know-no-app', 'An app puts packages together, never the other way round.', { path: '^packages/' }, { path: '^apps/' }),
    error(
      'apps-do-not-meet',
      'Only apps/cli, which starts the other three, may import an app.',
      { path: '^apps/([^/]+)/', pathNot: '^apps/cli/' },
      { path: '^apps/', pathNot: '^apps/$1/' },
    ),
    error(
      'dags-see-only-the-sdk',
      'A DAG file is written against @headrace/sdk and @headrace/connectors, with zod for params: what a user can import, no more (`@headrace/connectors/seed` is for `_standalone.ts`).',
      { path: '^dags/' },
      { pathNot: ['^dags/', '^packages/(sdk|connectors)/src/index\\.ts$', '^packages/connectors/src/seed\\.ts$', 'node_modules/zod/'] },
    ),
    error(
      'only-through-the-front-door',
      "Another package's src is reached through its name, never by a relative path.",
      { path: '^(packages|apps)/([^/]+)/' },
      { path: '^(packages|apps)/[^/]+/', pathNot: '^$1/$2/', dependencyTypes: ['local'] },
    ),
    error('no-circular', 'Modules that need each other are one module, or lack a third.', {}, { circular: true }),
    error('not-to-unresolvable', 'What is imported must exist and be installed.', {}, { couldNotResolve: true }),
    error(
      'no-prod-to-test',
      'What runs in production imports neither tests nor the suites that adapters are tested with.',
      { path: '^(packages|apps)/[^/]+/src/|^dags/' },
      { path: '/(test|conformance)/|^tests/|\\.test\\.ts$' },
    ),
  ],
  options: {
    // Not `exclude`: that would drop the edge to the module together with the module.
    doNotFollow: { path: ['node_modules', '/dist/'] },
    // `import type` is an import too.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['types', 'import', 'default'],
      extensions: ['.ts', '.js', '.mjs', '.d.ts'],
    },
  },
};
