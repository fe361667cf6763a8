/**
 * Which keys are allowed. The same for every store, so that what works on a laptop works on S3.
 * A key is a relative path: it cannot leave the store, and no part of it means anything to a file system.
 */
const longestKey = 1_024;
const longestPart = 255;
/** Where the file store keeps what is not complete. */
export const incomingFolder = '.incoming';

/** Throws InvalidObjectKeyError. */
export function assertKey(key: string): void {
  if (key === '') throw new InvalidObjectKeyError(key, 'it is empty');
  assertPrefix(key);
  if (key.endsWith('/')) throw new InvalidObjectKeyError(key, 'it ends with "/"');
}

/** A prefix may be empty and may end anywhere within a key. Throws InvalidObjectKeyError. */
export function assertPrefix(prefix: string): void {
  const refuse = (why: string): never => {
    throw new InvalidObjectKeyError(prefix, why);
  };
  if (!prefix.isWellFormed()) refuse('it is not well-formed Unicode');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\u0000-\u001f\u007f\\]/.test(prefix)) refuse('it contains a control character or a backslash');
  if (Buffer.byteLength(prefix) > longestKey) refuse(`it is longer than ${longestKey} bytes`);
  if (prefix.startsWith('/')) refuse('it begins with "/"');
  const parts = prefix.split('/');
  if (parts[0] === incomingFolder) refuse(`"${incomingFolder}" is reserved`);
  for (const [index, part] of parts.entries()) {
    if (part === '' && index < parts.length - 1) refuse('it contains "//"');
    if (part === '.' || part === '..') refuse(`it contains the part "${part}"`);
    if (Buffer.byteLength(part) > longestPart) refuse(`one of its parts is longer than ${longestPart} bytes`);
  }
}

/** The order of S3: by bytes. */
export function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Throws RangeError. */
export function assertRange(range: { start: number; end?: number } | undefined): void {
  if (range === undefined) return;
  const { start, end = Number.MAX_SAFE_INTEGER } = range;
  if (!Number.isSafeInteger(start) || start < 0 || !Number.isSafeInteger(end) || end < start) {
    throw new RangeError(`A range of bytes has 0 <= start <= end, not ${start} to ${range.end}`);
  }
}

export class InvalidObjectKeyError extends Error {
  readonly code = 'HR_OBJECT_KEY';
  readonly key: string;
  constructor(key: string, why: string) {
    super(`${JSON.stringify(key.slice(0, 100))} cannot be the key of an object: ${why}`);
    this.name = 'InvalidObjectKeyError';
    this.key = key;
  }
}
