export { buildApi } from './build-api.ts';
export type { AccessDeps, AccessSettings, ApiDeps, MetricsRegistry, ParamsCheck } from './deps.ts';
export { type Access, type Authenticate, type Credential, knownTokens, type Principal, UndeclaredAccessError } from './http/access.ts';
export type { IdentityProviderSettings } from './http/identity-provider.ts';

// Brings `app.describe()` to the types of whoever builds an API.
import './http/openapi.ts';
