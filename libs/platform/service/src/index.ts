export { systemClock, type Clock } from './clock.ts';
export {
  ConfigurationError,
  defineConfig,
  variableName,
  type CommonSettings,
  type Config,
  type ConfigValues,
  type SettingDescription,
  type Settings,
  type Values,
} from './config.ts';
export {
  address,
  duration,
  flag,
  integer,
  number,
  oneOf,
  optional,
  path,
  port,
  secret,
  string,
  url,
  type Setting,
} from './settings.ts';
export { LOG_FIELDS, type LogField, type LogFields } from './log-fields.ts';
export { createLog, withFields, type Log, type LogLevel, type LogOptions } from './log.ts';
export { describeError } from './log-error.ts';
export { run } from './run.ts';
export { isAddressInUse, PortTaken } from './taken-port.ts';
export { startService, type Build, type RunningService, type Scope } from './start-service.ts';
export type { ServingHealth } from './follow-readiness.ts';
export { type Closable } from './lifetime.ts';
export {
  SnapshotFollower,
  type Snapshot,
  type SnapshotFollowerOptions,
  type SnapshotSource,
  type SnapshotStore,
} from './snapshot-follower.ts';
export { snapshotFile, type SnapshotCodec } from './snapshot-file.ts';
