export type {
  AttemptRequest,
  AttemptResult,
  FlowInputs,
  HookRequest,
  HookResult,
  MappedSource,
  RunHooks,
  StopReason,
} from './attempt-request.ts';
export { type BundleCode, writeBundle } from './bundle-files.ts';
export { Decimal, isDecimal } from './decimal.ts';
export {
  CodeUnavailableError,
  NotStartedError,
  ProtocolError,
  ResultTooLargeError,
  UndeclaredConnectionError,
  UnstorableResultError,
} from './errors.ts';
export { createInProcessPool, type InProcessPoolOptions } from './in-process-pool.ts';
export { DEFAULT_LIMITS, type TaskLimits } from './limits.ts';
export { attemptLogKey, attemptResultKey, runObjectsPrefix } from './object-keys.ts';
export type { SentAssetEvent } from './protocol.ts';
export { connectionSecrets, type Mask } from './secrets.ts';
export { createTaskPool, type TaskPool, type TaskPoolOptions } from './task-pool.ts';
export { decodeValue, encodeValue } from './values.ts';
