/** What every resource's plugin is registered with. */
import type { FastifyPluginAsync, RawServerDefault } from 'fastify';
import type { VersionBook } from '../answers/version-book.ts';
import type { ApiDeps } from '../deps.ts';
import type { SchemaTypes } from '../http/type-provider.ts';
import type { Lookup } from './lookup.ts';

export interface ResourceContext {
  readonly deps: ApiDeps;
  readonly versions: VersionBook;
  readonly lookup: Lookup;
}

/** The routes of one resource. */
export type Routes = FastifyPluginAsync<ResourceContext & Record<never, never>, RawServerDefault, SchemaTypes>;
