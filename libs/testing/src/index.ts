export { testDatabase, type TestDatabase } from './test-database.ts';
export { testEvents } from './test-events.ts';
export { eventually, type Patience } from './eventually.ts';
export { fakeClock, type FakeClock } from './fake-clock.ts';
export { temporaryDirectory } from './temporary-directory.ts';
export { recordingLog, silentLog, type LogLine, type RecordingLog } from './logs.ts';
export { documentedErrors, type DocumentedErrors } from './documented-errors.ts';
