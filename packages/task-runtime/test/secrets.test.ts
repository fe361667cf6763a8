import { createMasker } from '@headrace/telemetry';
import { describe, expect, test } from '@jest/globals';
import { connectionSecrets } from '../src/index.ts';

const secrets = (url: string) => [...connectionSecrets([{ id: 'c', url }])].sort();

describe('the secrets of a connection', () => {
  test.each([
    ['postgres://me:p%40ss%2Fword@h/d', ['p%40ss%2Fword', 'p@ss/word']],
    ['mongodb://me:sec%25ret@a:1,b:2/d?replicaSet=rs', ['sec%25ret', 'sec%ret']],
    ['s3://b?accessKeyId=AKIA&secretAccessKey=a%2Fb%2Bc', ['AKIA', 'a/b+c']],
    ['sftp://me@h/in?privateKey=QUJD&passphrase=open%20sesame&hostKey=SHA256:x', ['QUJD', 'SHA256:x', 'open sesame']],
    ['https://h/v1?clientSecret=xyz&scope=all', ['xyz']],
    ['postgres://me@h:5432/d?application_name=x', []],
    ['no url at all', []],
  ])('of %s are found', (url, expected) => expect(secrets(url)).toEqual(expected));

  test('are masked in every form in which they leak', () => {
    const url = 'postgres://reader:p%40ss%2Fword@tills:5432/pos';
    const masker = createMasker(connectionSecrets([{ id: 'c', url }]));
    const masked = (text: string): string => masker.push(text) + masker.end();
    const password = 'p@ss/word';
    expect(masked(`connecting to ${url}`)).toBe('connecting to postgres://reader:***@tills:5432/pos');
    for (const form of [
      password,
      encodeURIComponent(password),
      encodeURIComponent(password).toLowerCase(),
      Buffer.from(password).toString('base64'),
      Buffer.from(password).toString('base64url'),
      JSON.stringify({ password }),
      `Basic ${Buffer.from(`reader:${password}`).toString('base64')}`,
      `Basic ${Buffer.from(`longer-reader:${password}`).toString('base64')}`,
    ])
      expect(masked(`<${form}>`)).toContain('***');
  });
});
