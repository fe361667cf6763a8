/** The log of a process: one JSON object a line on stdout, for machines, or one readable line, for a terminal. */
import type { Log, LogFields } from '@headrace/ports';
import { pino } from 'pino';
import { cleanFields, cleanText } from './clean-fields.ts';
import { readableLine } from './readable-line.ts';
import { maskPattern, secretForms } from './secrets.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface LogOptions {
  /** Nothing below it is written. */
  readonly level: LogLevel;
  /** The process's part: `scheduler`, `worker`, `api`. */
  readonly name: string;
  /** Gets whole lines with their line end. Default: stdout, written synchronously, so that a crash loses nothing. */
  readonly destination?: { write(line: string): void };
  /** Readable lines instead of JSON. Default false. */
  readonly pretty?: boolean;
  /** Values that must never appear, such as the secret key and connections' passwords. */
  readonly secrets?: Iterable<string>;
}

export function createLog(options: LogOptions): Log {
  const { level, name, pretty = false } = options;
  const secrets = maskPattern(secretForms(options.secrets ?? []));
  const stdout = options.destination ?? pino.destination({ fd: 1, sync: true });
  const destination = pretty ? { write: (line: string) => stdout.write(readableLine(line)) } : stdout;
  const root = pino(
    {
      level,
      base: { name, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      // The fields come cleaned; pino's own treatment of errors would take them apart a second time.
      serializers: { err: (err: unknown) => err },
    },
    destination,
  );
  return logOn(root, secrets);
}

function logOn(target: pino.Logger, secrets: RegExp | undefined): Log {
  const writer = (level: 'debug' | 'info' | 'warn' | 'error') => (fields: LogFields, message: string) => {
    if (target.isLevelEnabled(level)) target[level](cleanFields(fields, secrets), cleanText(message, secrets));
  };
  return {
    debug: writer('debug'),
    info: writer('info'),
    warn: writer('warn'),
    error: writer('error'),
    child: (fields) => logOn(target.child(cleanFields(fields, secrets)), secrets),
  };
}
