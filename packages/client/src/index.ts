export { ApiError, UnreachableError } from './errors.ts';
export { createClient, type HeadraceClient } from './headrace-client.ts';
export type { ClientOptions, Query, Request } from './request.ts';
export type { Variable, VariableBody, VariableCollection, XComCollection } from './shapes.ts';
export { readEvents, readLines, type ServerEvent } from './typed/streams.ts';
export { type CallOptions, createTypedClient, type TypedClient, type TypedClientOptions } from './typed/typed-client.ts';
