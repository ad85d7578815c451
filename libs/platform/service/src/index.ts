export { systemClock, type Clock } from './clock.ts';
export { LOG_FIELDS, type LogField, type LogFields } from './log-fields.ts';
export { createLog, withFields, type Log, type LogLevel, type LogOptions } from './log.ts';
export { describeError } from './log-error.ts';
