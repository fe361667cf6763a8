import { readFileSync } from 'node:fs';
import type { ValueSource } from '../protocol.ts';
import { decodeValue } from '../values.ts';

/** A value that the worker handed over. */
export function readValue(source: ValueSource): unknown {
  return decodeValue('json' in source ? source.json : readFileSync(source.file, 'utf8'));
}
