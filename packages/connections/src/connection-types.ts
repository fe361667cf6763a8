/** Every type of connection, declared once: what it is asked for, and which URL of a connector it becomes. */
import type { ConnectionFieldView, ConnectionTypeView } from '@headrace/ports';

export type FieldName = 'host' | 'port' | 'login' | 'password' | 'schema';

export interface ConnectionType {
  readonly name: string;
  readonly title: string;
  /** Schemes of its URLs; the first is what a new connection gets. */
  readonly protocols: readonly [string, ...string[]];
  /** Where login and password stand: before the host, or as these parameters of the query. */
  readonly credentials: 'authority' | { readonly login: string; readonly password: string };
  /** What the fields are to it. A field that is not here it does not have. */
  readonly fields: Readonly<Partial<Record<FieldName, string>>>;
  readonly required: readonly FieldName[];
  /** The host may be a list, `a:27017,b:27017`. */
  readonly severalHosts?: boolean;
  /** Settings in the query that it knows; others are passed on as they are. */
  readonly extra: Readonly<Record<string, ExtraSetting>>;
  readonly example: string;
}

interface ExtraSetting {
  readonly about: string;
  readonly secret?: boolean;
}

const server = { host: 'The host', port: 'The port', login: 'The user', password: 'The password' } as const;

const declared: readonly ConnectionType[] = [
  {
    name: 'postgres',
    title: 'PostgreSQL',
    protocols: ['postgres', 'postgresql'],
    credentials: 'authority',
    fields: { ...server, schema: 'The database' },
    required: ['host'],
    extra: { sslmode: { about: 'disable, require, verify-full …' } },
    example: 'postgres://reader:password@tills:5432/pos',
  },
  {
    name: 'mysql',
    title: 'MySQL or MariaDB',
    protocols: ['mysql', 'mariadb'],
    credentials: 'authority',
    fields: { ...server, schema: 'The database' },
    required: ['host'],
    extra: {},
    example: 'mysql://reader:password@shop:3306/orders',
  },
  {
    name: 'mongodb',
    title: 'MongoDB',
    protocols: ['mongodb', 'mongodb+srv'],
    credentials: 'authority',
    fields: { ...server, host: 'The host, or several with their ports, separated by commas', schema: 'The database' },
    required: ['host'],
    severalHosts: true,
    extra: { authSource: { about: 'The database that knows the user' }, replicaSet: { about: 'The name of the replica set' } },
    example: 'mongodb://reader:password@events:27017/events',
  },
  {
    name: 's3',
    title: 'S3, or what speaks its protocol',
    protocols: ['s3'],
    credentials: { login: 'accessKeyId', password: 'secretAccessKey' },
    fields: { host: 'The bucket', schema: 'The prefix of all keys', login: 'The access key id', password: 'The secret access key' },
    required: ['host'],
    extra: {
      region: { about: 'e.g. eu-central-1' },
      endpoint: { about: 'Of a server that is not Amazon’s' },
      pathStyle: { about: 'true: the bucket stands in the path' },
    },
    example: 's3://bucket/prefix?region=eu-central-1',
  },
  {
    name: 'file',
    title: 'A folder of the workers',
    protocols: ['file'],
    credentials: 'authority',
    fields: { schema: 'The folder, absolute' },
    required: ['schema'],
    extra: {},
    example: 'file:///data/lake',
  },
  {
    name: 'sftp',
    title: 'Files over SSH',
    protocols: ['sftp'],
    credentials: 'authority',
    fields: { ...server, schema: 'The folder; ~/… lies in the home of the user' },
    required: ['host', 'login'],
    extra: {
      hostKey: { about: 'Fingerprint of the server, SHA256:…' },
      privateKey: { about: 'The key in base64, or the path of its file', secret: true },
      passphrase: { about: 'Of the key', secret: true },
    },
    example: 'sftp://loader:password@files.example.com/in?hostKey=SHA256:…',
  },
  {
    name: 'http',
    title: 'An HTTP API',
    protocols: ['https', 'http'],
    credentials: 'authority',
    fields: { ...server, schema: 'The path below which all requests go' },
    required: ['host'],
    extra: {
      bearerToken: { about: 'Sent as Authorization: Bearer', secret: true },
      auth: { about: 'none, basic, bearer, apiKey or oauth2; worked out of the other settings if it is not given' },
      apiKey: { about: 'Of auth=apiKey', secret: true },
      header: { about: 'The header that the API key goes in' },
      parameter: { about: 'The parameter of the query that it goes in instead' },
      tokenUrl: { about: 'Of auth=oauth2: where tokens come from' },
      clientId: { about: 'Of auth=oauth2' },
      clientSecret: { about: 'Of auth=oauth2', secret: true },
      refreshToken: { about: 'Of auth=oauth2, for that grant', secret: true },
    },
    example: 'https://api.example.com/v1?bearerToken=…',
  },
  {
    name: 'smtp',
    title: 'A mail server',
    protocols: ['smtp', 'smtps'],
    credentials: 'authority',
    fields: server,
    required: ['host'],
    extra: { from: { about: 'The sender' }, tls: { about: 'require: never without; none: never with' } },
    example: 'smtp://user:password@mail.example.com:587?from=headrace@example.com',
  },
  {
    name: 'generic',
    title: 'Anything else: tasks are given its URL',
    protocols: ['generic'],
    credentials: 'authority',
    fields: { ...server, schema: 'What stands after the host' },
    required: [],
    extra: {},
    example: 'redis://:password@cache:6379/0',
  },
];

const byName = new Map(declared.map((type) => [type.name, type]));
const byProtocol = new Map(declared.flatMap((type) => type.protocols.map((protocol) => [protocol, type])));

export function connectionType(name: string): ConnectionType | undefined {
  return byName.get(name);
}

export const typeNames: readonly string[] = declared.map(({ name }) => name);

/** `generic` for schemes that are no type's. */
export function typeOfProtocol(protocol: string): ConnectionType {
  return byProtocol.get(protocol) ?? (byName.get('generic') as ConnectionType);
}

/** Settings of a name that nobody declared are secret when they are called like one. */
const SECRET_NAME = /password|passphrase|passwd|secret|token|key|credential|signature/i;

export function isSecretSetting(type: ConnectionType, name: string): boolean {
  return Object.hasOwn(type.extra, name) ? (type.extra[name]?.secret ?? false) : SECRET_NAME.test(name);
}

/** For forms and for help. */
export const connectionTypes: readonly ConnectionTypeView[] = declared.map(({ name, title, fields, required, extra, example }) => ({
  name,
  title,
  example,
  fields: Object.entries(fields).map(
    ([field, description]): ConnectionFieldView => ({
      name: field,
      description,
      required: required.includes(field as FieldName),
      secret: field === 'password',
    }),
  ),
  extra: Object.entries(extra).map(([setting, { about, secret = false }]) => ({
    name: setting,
    description: about,
    required: false,
    secret,
  })),
}));
