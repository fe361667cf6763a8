/** Executors that do what their operation says: tell progress, answer with a result, fail with checks. */
import { setTimeout as delay } from 'node:timers/promises';

const load = async ({ operation, progress }) => {
  const { tells = [], forMs = 0, result, failure } = operation;
  for (const each of tells) progress(each);
  for (let passed = 0, rows = 0; passed < forMs; passed += 20) {
    rows += 10;
    progress({ phase: 'writing', rows, totalRows: 10_000.4 });
    await delay(20);
  }
  if (failure !== undefined) throw Object.assign(new Error('nothing was published'), failure);
  return result;
};

export const executors = { extract: load, load, transform: load, export: load };
