export { buildApi } from './build-api.ts';
export type { ApiDeps, MetricsRegistry, ParamsCheck } from './deps.ts';
export { type Access, type Authenticate, knownTokens, type Principal, UndeclaredAccessError } from './http/access.ts';
