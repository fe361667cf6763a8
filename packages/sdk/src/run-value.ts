import type { Reference } from './definition.ts';

/** A value that SQL or a path is given for a run. */
export type RunValue = string | number | bigint | boolean | Date | null | Reference<unknown>;
