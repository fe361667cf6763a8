import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type FileRootHarness, fileRootConformance } from '@headrace/dataplane/conformance/file-root';
import * as jest from '@jest/globals';
import { startS3 } from '../../../tests/support/s3-server.ts';
import { startSftp } from '../../../tests/support/sftp-server.ts';
import { openRoot } from '../src/roots/open-root.ts';

/** Each root lies two folders deep, neither of which is there. */
function harness(urlOf: (path: string) => string, close: () => Promise<void>): FileRootHarness {
  let roots = 0;
  const open = () => openRoot({ id: 'files', url: urlOf(`/root-${roots}/deep`) });
  return {
    empty() {
      roots += 1;
      return open();
    },
    again: open,
    close,
  };
}

fileRootConformance(jest, {
  name: 'a folder of the local disk',
  async open() {
    const folder = await mkdtemp(join(tmpdir(), 'headrace-root-'));
    return harness(
      (path) => pathToFileURL(folder + path).href,
      () => rm(folder, { recursive: true, force: true }),
    );
  },
});

fileRootConformance(jest, {
  name: 'a bucket',
  // The gateway first looks whether the object is there and then writes it. S3 itself does both in one step.
  creators: 1,
  // It keeps an object's checksum in a file beside it, and does not replace both at once; the client notices.
  mayRefuse: (error) => /^Checksum mismatch/.test((error as Error).message),
  openMs: 600_000,
  async open() {
    const { endpoint, region, bucket, accessKeyId, secretAccessKey, stop } = await startS3();
    const settings = new URLSearchParams({ endpoint, region, accessKeyId, secretAccessKey, pathStyle: 'true' });
    return harness((path) => `s3://${bucket}${path}?${settings}`, stop);
  },
});

fileRootConformance(jest, {
  name: 'a folder of an SFTP server',
  openMs: 600_000,
  async open() {
    const server = await startSftp();
    return harness(server.url, () => server.stop());
  },
});
