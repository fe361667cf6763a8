/** From the settings, which have the names that OpenLineage's own clients use, to what is told and where it goes. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { LineageTransport } from './lineage-channel.ts';
import { LineageEvents } from './lineage-events.ts';

export interface LineageSettings {
  readonly openLineageUrl?: string | undefined;
  readonly openLineageEndpoint: string;
  readonly openLineageBatchEndpoint?: string | undefined;
  readonly openLineageApiKey?: string | undefined;
  readonly openLineageFile?: string | undefined;
  readonly openLineageNamespace: string;
  readonly openLineageProducer: string;
  readonly openLineageDisabled: 'true' | 'false';
}

export interface ConfiguredLineage {
  readonly events: LineageEvents;
  readonly transport: LineageTransport;
}

/** Undefined: lineage goes nowhere, and nothing is told. With a URL and a file it goes to the URL. */
export function configuredLineage(settings: LineageSettings): ConfiguredLineage | undefined {
  const transport = settings.openLineageDisabled === 'true' ? undefined : transportOf(settings);
  if (transport === undefined) return undefined;
  const { openLineageNamespace: namespace, openLineageProducer: producer } = settings;
  return { events: new LineageEvents({ namespace, producer, version: ownVersion() }), transport };
}

/** All packages of a Headrace carry the same. */
function ownVersion(): string {
  return (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { readonly version: string }).version;
}

function transportOf({
  openLineageUrl: url,
  openLineageEndpoint: endpoint,
  openLineageBatchEndpoint: batchEndpoint,
  openLineageApiKey: apiKey,
  openLineageFile: file,
}: LineageSettings): LineageTransport | undefined {
  if (url !== undefined) {
    const whole = (path: string): string => `${url.replace(/\/+$/, '')}/${path.replace(/^\/+/, '')}`;
    return {
      kind: 'http',
      url: whole(endpoint),
      ...(batchEndpoint === undefined ? {} : { batchUrl: whole(batchEndpoint) }),
      ...(apiKey === undefined ? {} : { apiKey }),
    };
  }
  return file === undefined ? undefined : { kind: 'file', path: resolve(file) };
}
