import {
  type ConditionOptions,
  DagDefinitionError,
  type Duration,
  defineCondition,
  durationMs,
  isReference,
  type TaskDefinition,
} from '@headrace/sdk';
import type { FilePath, Files } from '../files/files.ts';

/** A file that has come. */
export interface FoundFile {
  /** Relative to the connection's root. */
  readonly path: string;
  readonly bytes: number;
  readonly modifiedAt: Date;
}

interface FileConditions extends ConditionOptions {
  /** The connection under whose root it comes to be: `file:///…` or `s3://…`. */
  readonly in: Files;
  /** A smaller file does not count. Default 0. */
  readonly minBytes?: number;
  /**
   * A file counts only when it was not written, or moved to its place, for so long: then nobody is still writing it. By the clocks of the
   * worker and of where the file is, which must agree. Of a glob: no file that it matches. Objects in S3 come as a whole and need it less.
   */
  readonly unchangedFor?: Duration;
}

export interface WaitForFileOptions extends FileConditions {
  readonly path: FilePath;
  readonly glob?: never;
}

export interface WaitForFilesOptions extends FileConditions {
  /** `*`, `?`, `**` for any number of folders, `[…]`, `{csv,json}`. A name that begins with a dot is matched only by a dot. */
  readonly glob: FilePath;
  readonly path?: never;
  /** How many files must be there. Default 1. */
  readonly min?: number;
}

/** What the executor is given, with the references resolved. */
export interface FileCondition {
  readonly connector: 'files';
  readonly connection: string;
  readonly path?: string;
  readonly glob?: string;
  readonly min: number;
  readonly minBytes: number;
  readonly unchangedForMs: number;
}

/**
 * A sensor that waits for a file or an object; its result is what is known of it, of a glob of all that match.
 * Throws DagDefinitionError as `sensor` does.
 */
export function waitForFile(id: string, options: WaitForFileOptions): TaskDefinition<FoundFile>;
export function waitForFile(id: string, options: WaitForFilesOptions): TaskDefinition<readonly FoundFile[]>;
export function waitForFile(
  id: string,
  options: WaitForFileOptions | WaitForFilesOptions,
): TaskDefinition<FoundFile> | TaskDefinition<readonly FoundFile[]> {
  const {
    in: files,
    path,
    glob,
    min = 1,
    minBytes = 0,
    unchangedFor,
    ...rest
  } = options as Omit<WaitForFilesOptions, 'glob' | 'path'> & {
    readonly path?: FilePath;
    readonly glob?: FilePath;
  };
  const where = `Task "${id}"`;
  if ((path === undefined) === (glob === undefined))
    throw new DagDefinitionError('HR_BAD_OPTION', `${where}: give either "path" or "glob"`);
  const name = path ?? glob;
  if (!isReference(name) && (typeof name !== 'string' || name === ''))
    throw new DagDefinitionError('HR_BAD_OPTION', `${where}: "${path === undefined ? 'glob' : 'path'}" is neither text nor a reference`);
  return defineCondition<never>({
    taskId: id,
    options: rest,
    operation: {
      connector: files.connector,
      connection: files.connection,
      ...(path === undefined ? { glob } : { path }),
      min: count(`${where}, min`, min, 1),
      minBytes: count(`${where}, minBytes`, minBytes, 0),
      unchangedForMs: unchangedFor === undefined ? 0 : durationMs(`${where}, unchangedFor`, unchangedFor),
    },
    connections: [files.connection],
  });
}

/** Throws HR_BAD_OPTION. */
export function count(what: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new DagDefinitionError('HR_BAD_OPTION', `${what}: must be a whole number of at least ${least}`);
}
