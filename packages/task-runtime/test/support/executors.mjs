import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Executors that answer with what they were given. */
const echo = async ({ operation, inputs, fence, scratch, context }) => {
  writeFileSync(join(scratch, 'work'), 'x');
  return { operation, inputs, fence, day: context.interval.day };
};
/** Finds a file that is there. */
const look = async ({ operation, context }) => (existsSync(context.connection(operation.connection).url) ? operation : undefined);
export const executors = { extract: echo, load: echo, transform: echo, export: echo, look };
