/** What a task process may use, and when it is replaced. */
export interface TaskLimits {
  /** JavaScript heap of a task process, MiB. Beyond it the process dies and the attempt fails as OutOfMemory. */
  readonly memoryMb: number;
  /** All memory of a task process, MiB, native code included. Looked at every second, on Linux. */
  readonly residentMb: number;
  /** Attempts after which a process is replaced. */
  readonly tasksPerProcess: number;
  /** Bundles after which a process is replaced: their modules cannot be unloaded. */
  readonly bundlesPerProcess: number;
  /** Growth since the start after which a process is replaced, MiB. */
  readonly growthMb: number;
  /** Log of one attempt, bytes; what comes after is dropped and a marker written. */
  readonly outputBytes: number;
  /** One line of it. */
  readonly lineBytes: number;
  /** Results up to this size are stored with the task instance, larger ones as objects. */
  readonly inlineBytes: number;
  /** The largest result. */
  readonly resultBytes: number;
  /** Between asking an attempt to stop and killing its process group. */
  readonly graceMs: number;
}

export const DEFAULT_LIMITS: TaskLimits = {
  memoryMb: 512,
  residentMb: 4_096,
  tasksPerProcess: 10_000,
  bundlesPerProcess: 64,
  growthMb: 192,
  outputBytes: 50 * 1_048_576,
  lineBytes: 65_536,
  inlineBytes: 65_536,
  resultBytes: 64 * 1_048_576,
  graceMs: 5_000,
};
