/** What every resource's plugin is registered with. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { VersionBook } from '../answers/version-book.ts';
import type { ApiDeps } from '../deps.ts';
import type { Lookup } from './lookup.ts';

export interface ResourceContext {
  readonly deps: ApiDeps;
  readonly versions: VersionBook;
  readonly lookup: Lookup;
}

/** The routes of one resource. */
export type Routes = FastifyPluginAsyncTypebox<ResourceContext & Record<never, never>>;
