import { objectStoreConformance } from '@headrace/ports/conformance/object-store';
import * as jest from '@jest/globals';
import { startS3 } from '../../../tests/support/s3-server.ts';
import { createObjectStore } from '../src/index.ts';

objectStoreConformance(jest, {
  name: 'S3',
  openMs: 600_000,
  async open() {
    const server = await startS3();
    const { endpoint, region, accessKeyId, secretAccessKey } = server;
    const settings = new URLSearchParams({ endpoint, region, accessKeyId, secretAccessKey, pathStyle: 'true' });
    let stores = 0;
    return {
      empty: async () => createObjectStore(`s3://${server.bucket}/store-${++stores}/deep?${settings}`),
      close: () => server.stop(),
    };
  },
});
