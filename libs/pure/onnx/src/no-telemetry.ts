/**
 * The environment of a process in which ONNX Runtime sends nobody what it runs on which machine. Its native code reads
 * that of the process itself, when it is first used: what a worker thread sets has no effect.
 */
export const NO_TELEMETRY: Readonly<Record<string, string>> = { ORT_DISABLE_TELEMETRY: '1' };
