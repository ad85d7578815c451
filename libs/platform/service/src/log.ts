import { types } from 'node:util';
import { pino, type DestinationStream } from 'pino';
import { describeError } from './log-error.ts';
import { LOG_FIELDS } from './log-fields.ts';

/** What every library and service logs through. Fields before message, one line per fact. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface LogOptions {
  readonly service: string;
  readonly level?: LogLevel;
  /** Default: stdout. */
  readonly destination?: DestinationStream;
}

/** A JSON log with closed field names: `time` (ISO), `level`, `service`, `message` and those of LOG_FIELDS. */
export function createLog({ service, level = 'info', destination }: LogOptions): Log {
  const sink = pino(
    {
      level,
      base: { service },
      messageKey: 'message',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination ?? pino.destination({ dest: 1, sync: true }),
  );
  return {
    debug: (fields, message) => sink.debug(declared(fields), message),
    info: (fields, message) => sink.info(declared(fields), message),
    warn: (fields, message) => sink.warn(declared(fields), message),
    error: (fields, message) => sink.error(declared(fields), message),
  };
}

/** The same log with `fields` added to each line. */
export function withFields(log: Log, fields: object): Log {
  return {
    debug: (more, message) => log.debug({ ...fields, ...more }, message),
    info: (more, message) => log.info({ ...fields, ...more }, message),
    warn: (more, message) => log.warn({ ...fields, ...more }, message),
    error: (more, message) => log.error({ ...fields, ...more }, message),
  };
}

const DECLARED: ReadonlySet<string> = new Set(LOG_FIELDS);

function declared(fields: object): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  const undeclared: string[] = [];
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    if (DECLARED.has(name)) kept[name] = printable(value);
    else undeclared.push(name);
  }
  return undeclared.length > 0 ? { ...kept, undeclared } : kept;
}

function printable(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  return types.isNativeError(value) ? describeError(value) : value;
}
