/** Objects in S3, or in anything that speaks its protocol. A put of S3 is atomic by itself, a multipart one too. */

import { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { ObjectNotFoundError, type ObjectStore } from '@headrace/ports';
import { assertKey, assertPrefix, assertRange } from './object-key.ts';
import { ObjectStoreError } from './object-store-error.ts';

export interface S3Location {
  readonly bucket: string;
  /** Before every key: empty, or with its `/` at the end. */
  readonly prefix: string;
  /** Absent: Amazon's. */
  readonly endpoint?: string;
  readonly region: string;
  /** The bucket in the path, not in the host name, as most servers other than Amazon's want it. */
  readonly pathStyle: boolean;
  /** Absent: from the environment, as the AWS SDK finds them. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** How long a server may say nothing, in milliseconds, before a request is taken for lost: at first, and then. It is sent three times at most. */
interface S3Patience {
  readonly connectMs: number;
  readonly silentMs: number;
}

/** An attempt waits for its log and its result to be stored, and holds its lease meanwhile: no request may wait for ever. */
const PATIENCE: S3Patience = { connectMs: 10_000, silentMs: 30_000 };

export function s3Store(location: S3Location, { connectMs, silentMs }: S3Patience = PATIENCE): ObjectStore {
  const { bucket, prefix } = location;
  const client = new S3Client({
    region: location.region,
    forcePathStyle: location.pathStyle,
    // Newer checksums are an extension that many servers do not know.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: connectMs, socketTimeout: silentMs },
    ...(location.endpoint === undefined ? {} : { endpoint: location.endpoint }),
    ...(location.credentials === undefined ? {} : { credentials: location.credentials }),
  });
  const at = (key: string) => {
    assertKey(key);
    return { Bucket: bucket, Key: prefix + key };
  };
  const failed = (what: string, error: unknown) => new ObjectStoreError(`${what} in s3://${bucket}/${prefix}`, error);

  return {
    async put(key, body) {
      const target = at(key);
      try {
        if (body instanceof Uint8Array) await client.send(new PutObjectCommand({ ...target, Body: body }));
        else await new Upload({ client, params: { ...target, Body: body } }).done();
      } catch (error) {
        throw failed(`Writing "${key}"`, error);
      }
    },

    async get(key, range) {
      const target = at(key);
      assertRange(range);
      if (range !== undefined && range.start === range.end) {
        if ((await this.head(key)) === undefined) throw new ObjectNotFoundError(key);
        return Readable.from([]);
      }
      const bytes = range === undefined ? {} : { Range: `bytes=${range.start}-${range.end === undefined ? '' : range.end - 1}` };
      try {
        const { Body } = await client.send(new GetObjectCommand({ ...target, ...bytes }));
        return Body instanceof Readable ? Body : Readable.from([]);
      } catch (error) {
        if (isAbsent(error)) throw new ObjectNotFoundError(key);
        if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 416) return Readable.from([]);
        throw failed(`Reading "${key}"`, error);
      }
    },

    async head(key) {
      const target = at(key);
      try {
        const { ContentLength, LastModified } = await client.send(new HeadObjectCommand(target));
        return { size: ContentLength ?? 0, modifiedAt: LastModified?.getTime() ?? 0 };
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw failed(`Looking for "${key}"`, error);
      }
    },

    async *list(wanted) {
      assertPrefix(wanted);
      let token: string | undefined;
      do {
        const page = await client
          .send(
            new ListObjectsV2Command({
              Bucket: bucket,
              Prefix: prefix + wanted,
              ...(token === undefined ? {} : { ContinuationToken: token }),
            }),
          )
          .catch((error: unknown) => {
            throw failed(`Listing "${wanted}"`, error);
          });
        for (const { Key, Size } of page.Contents ?? []) {
          // Some tools leave empty objects that end with "/" for folders.
          if (Key !== undefined && !Key.endsWith('/')) yield { key: Key.slice(prefix.length), size: Size ?? 0 };
        }
        token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
      } while (token !== undefined);
    },

    async delete(key) {
      const target = at(key);
      try {
        await client.send(new DeleteObjectCommand(target));
      } catch (error) {
        if (!isAbsent(error)) throw failed(`Deleting "${key}"`, error);
      }
    },
  };
}

function isAbsent(error: unknown): boolean {
  return error instanceof S3ServiceException && ['NoSuchKey', 'NotFound'].includes(error.name);
}
