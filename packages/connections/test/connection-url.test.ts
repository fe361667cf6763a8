import { describe, expect, test } from '@jest/globals';
import { type ConnectionParts, connectionTypes, connectionUrl, parseConnectionUrl } from '../src/index.ts';

const EXAMPLES: readonly (readonly [string, ConnectionParts])[] = [
  [
    'postgres://reader:p%40ss%2Fw%3Frd%25@tills:5432/pos?sslmode=require',
    {
      connType: 'postgres',
      host: 'tills',
      port: 5432,
      login: 'reader',
      password: 'p@ss/w?rd%',
      schema: 'pos',
      extra: { sslmode: 'require' },
    },
  ],
  ['postgresql://tills/pos', { connType: 'postgres', protocol: 'postgresql', host: 'tills', schema: 'pos', extra: {} }],
  ['mysql://root@[::1]:3306', { connType: 'mysql', host: '::1', port: 3306, login: 'root', extra: {} }],
  [
    'mongodb://u:p@a:27017,b:27018/db?replicaSet=rs0',
    { connType: 'mongodb', host: 'a:27017,b:27018', login: 'u', password: 'p', schema: 'db', extra: { replicaSet: 'rs0' } },
  ],
  [
    'mongodb+srv://cluster.example.com/db',
    { connType: 'mongodb', protocol: 'mongodb+srv', host: 'cluster.example.com', schema: 'db', extra: {} },
  ],
  [
    's3://bucket/a/b?region=eu-central-1&accessKeyId=AK&secretAccessKey=s%2Fe%2Bc',
    { connType: 's3', host: 'bucket', schema: 'a/b', login: 'AK', password: 's/e+c', extra: { region: 'eu-central-1' } },
  ],
  ['file:///data/the%20lake', { connType: 'file', schema: '/data/the lake', extra: {} }],
  ['sftp://me@host/~/in', { connType: 'sftp', host: 'host', login: 'me', schema: '~/in', extra: {} }],
  ['http://api:8080/v1', { connType: 'http', protocol: 'http', host: 'api', port: 8080, schema: 'v1', extra: {} }],
  ['https://api?bearerToken=t', { connType: 'http', host: 'api', extra: { bearerToken: 't' } }],
  ['smtps://mail:465', { connType: 'smtp', protocol: 'smtps', host: 'mail', port: 465, extra: {} }],
  [
    'redis://:secret@cache:6379/0',
    { connType: 'generic', protocol: 'redis', host: 'cache', port: 6379, password: 'secret', schema: '0', extra: {} },
  ],
];

describe('a connection and its URL', () => {
  test.each(EXAMPLES)('%s is made of its fields, and they of it', (url, parts) => {
    expect(parseConnectionUrl('c', url)).toEqual(parts);
    expect(connectionUrl('c', parts)).toBe(url);
  });

  test('are the same for whatever stands in user, password and path', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const text = (salt: number): string =>
        Array.from({ length: 1 + (seed % 9) }, (_, index) =>
          String.fromCodePoint(33 + ((seed * 7919 * salt + index * 104_729) % 700)),
        ).join('');
      const parts: ConnectionParts = {
        connType: 'postgres',
        host: 'h',
        login: text(1),
        password: text(2),
        schema: text(3).replaceAll('/', '_'),
        extra: { [text(4)]: text(5) },
      };
      expect(parseConnectionUrl('c', connectionUrl('c', parts))).toEqual(parts);
    }
  });

  test('every example of a type is of that type', () => {
    for (const { name, example } of connectionTypes) expect(parseConnectionUrl('c', example).connType).toBe(name);
  });

  test('as Airflow writes it, the schema of an HTTP connection is its scheme', () => {
    expect(connectionUrl('c', { connType: 'http', host: 'api', schema: 'http', extra: {} })).toBe('http://api');
  });

  test.each<[ConnectionParts, RegExp]>([
    [{ connType: 'oracle', extra: {} }, /no type "oracle"; there are postgres, mysql/],
    [{ connType: 'postgres', extra: {} }, /needs host: The host/],
    [{ connType: 'sftp', host: 'h', extra: {} }, /needs login/],
    [{ connType: 'postgres', host: 'a,b', extra: {} }, /its host must be/],
    [{ connType: 'postgres', host: 'a@b', extra: {} }, /its host must be/],
    [{ connType: 'postgres', host: 'h', port: 70_000, extra: {} }, /its port must be/],
    [{ connType: 'postgres', protocol: 'mysql', host: 'h', extra: {} }, /cannot be "mysql"; it can be postgres or postgresql/],
  ])('%j is refused', (parts, message) => {
    expect(() => connectionUrl('c', parts)).toThrow(message);
  });

  test('a URL that is none is refused without being repeated', () => {
    for (const url of ['tills:5432', 'postgres://a:sec#ret@h/x', 'postgres://a:%zz@h']) {
      let message = '';
      try {
        parseConnectionUrl('c', url);
      } catch (error) {
        message = (error as Error).message;
      }
      expect(message).not.toBe('');
      expect(message).not.toMatch(/sec|tills|%zz/);
    }
  });
});
