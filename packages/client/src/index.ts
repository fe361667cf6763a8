export { ApiError, UnreachableError } from './errors.ts';
export { type ClientOptions, createClient, type HeadraceClient, type Query } from './headrace-client.ts';
