/**
 * Files in S3 or what speaks its protocol: `s3://bucket/prefix?region=…&endpoint=…&pathStyle=true&accessKeyId=…&secretAccessKey=…`.
 * Without a key the usual places (environment, profile, instance role) are asked.
 */
import { createReadStream } from 'node:fs';
import { posix } from 'node:path';
import { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  paginateListObjectsV2,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import {
  checkedGlob,
  checkedPath,
  DataError,
  type FileFacts,
  FileNotFoundError,
  type FileRoot,
  prefixOfGlob,
  urlOf,
} from '@headrace/dataplane';
import { unguarded } from '../refused-networks.ts';

const { matchesGlob } = posix;
const SETTINGS = ['endpoint', 'region', 'pathStyle', 'accessKeyId', 'secretAccessKey'];

/** The usual places are this machine's own, wherever the bucket is: they may be in a network that nobody else may name. */
function askAround({ config }: S3Client): void {
  const ask = config.credentials;
  config.credentials = (...asked) => unguarded(() => ask(...asked));
}

export function openS3Root(connection: string, url: URL): FileRoot {
  const bucket = url.hostname;
  const folder = decodeURIComponent(url.pathname).replace(/^\/+|\/+$/g, '');
  const base = folder === '' ? '' : `${folder}/`;
  const setting = (name: string): string | undefined => url.searchParams.get(name) ?? undefined;
  for (const name of url.searchParams.keys()) {
    if (!SETTINGS.includes(name))
      throw new DataError(
        'HR_CONNECTION_URL',
        `Connection "${connection}" has the unknown setting "${name}"; known are ${SETTINGS.join(', ')}`,
      );
  }
  const endpoint = setting('endpoint');
  const accessKeyId = setting('accessKeyId');
  const secretAccessKey = setting('secretAccessKey');
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined)) {
    throw new DataError('HR_CONNECTION_URL', `Connection "${connection}": accessKeyId and secretAccessKey belong together`);
  }
  const client = new S3Client({
    region: setting('region') ?? process.env.AWS_REGION ?? 'us-east-1',
    forcePathStyle: setting('pathStyle') === 'true',
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(accessKeyId === undefined || secretAccessKey === undefined ? {} : { credentials: { accessKeyId, secretAccessKey } }),
  });
  if (accessKeyId === undefined) askAround(client);
  const keyOf = (path: string): string => `${base}${checkedPath(path)}`;

  /** Names the connection in what S3 refuses, without its key. */
  async function ask<T>(what: string, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if (
        error instanceof S3ServiceException &&
        (error.name === 'NoSuchBucket' || [401, 403].includes(error.$metadata.httpStatusCode ?? 0))
      ) {
        throw new DataError(
          'HR_STORAGE_REFUSED',
          `S3 refused to ${what} in bucket "${bucket}" (connection "${connection}"): ${error.name}. Check the bucket's name and the key's rights`,
          { cause: error },
        );
      }
      throw error;
    }
  }

  const root: FileRoot = {
    url: `s3://${bucket}/${base}`,
    localPath: () => undefined,

    async read(path) {
      try {
        const { Body } = await ask(`read ${path}`, () => client.send(new GetObjectCommand({ Bucket: bucket, Key: keyOf(path) })));
        if (Body instanceof Readable) return Body;
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
      throw new FileNotFoundError(urlOf(root, path));
    },

    async size(path) {
      return (await root.facts(path))?.bytes;
    },

    async facts(path) {
      try {
        const found = await ask(`look at ${path}`, () => client.send(new HeadObjectCommand({ Bucket: bucket, Key: keyOf(path) })));
        return objectFacts(path, found.ContentLength, found.LastModified);
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },

    async list(under) {
      const found: string[] = [];
      await ask(`list ${under}`, async () => {
        for await (const page of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: `${base}${under}` })) {
          for (const { Key } of page.Contents ?? []) if (Key !== undefined) found.push(Key.slice(base.length));
        }
      });
      return found.sort();
    },

    async find(glob) {
      const found: FileFacts[] = [];
      const under = prefixOfGlob(checkedGlob(glob));
      await ask(`list ${under}`, async () => {
        for await (const page of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: `${base}${under}` })) {
          for (const { Key = '', Size, LastModified } of page.Contents ?? []) {
            const path = Key.slice(base.length);
            // A key that ends in "/" is what some tools make for an empty folder.
            if (!path.endsWith('/') && matchesGlob(path, glob)) found.push(objectFacts(path, Size, LastModified));
          }
        }
      });
      return found.sort((a, b) => (a.path < b.path ? -1 : 1));
    },

    async publish(localFile, path) {
      const upload = new Upload({ client, params: { Bucket: bucket, Key: keyOf(path), Body: createReadStream(localFile) } });
      await ask(`write ${path}`, () => upload.done());
    },

    async create(path, text) {
      try {
        await ask(`write ${path}`, () =>
          client.send(new PutObjectCommand({ Bucket: bucket, Key: keyOf(path), Body: text, IfNoneMatch: '*' })),
        );
        return true;
      } catch (error) {
        // 412: it is there. 409: another conditional write is under way, which will win.
        if (error instanceof S3ServiceException && [409, 412].includes(error.$metadata.httpStatusCode ?? 0)) return false;
        throw error;
      }
    },

    async remove(path) {
      await ask(`delete ${path}`, () => client.send(new DeleteObjectCommand({ Bucket: bucket, Key: keyOf(path) })));
    },

    async close() {
      client.destroy();
    },
  };
  return root;
}

/** An object comes to be as a whole: it changes when it is put. */
function objectFacts(path: string, bytes = 0, modifiedAt = new Date(0)): FileFacts {
  return { path, bytes, modifiedAt, changedAt: modifiedAt };
}

function isMissing(error: unknown): boolean {
  return error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404 && error.name !== 'NoSuchBucket';
}
