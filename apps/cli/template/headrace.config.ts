import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ConfigurationFile } from '@headrace/configuration';

const folder = (name: string): string => pathToFileURL(join(import.meta.dirname, name)).href;

/** For work on one machine. Environment variables go before it, such as HEADRACE_CONN_LAKE=s3://bucket/prefix. */
export default {
  connections: { shop: folder('data'), lake: folder('.headrace/lake'), reports: folder('reports') },
} satisfies ConfigurationFile;
