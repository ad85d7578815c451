/** What runners of a model run on: `cpu`, or `cuda:<number>`. */
export type Device = string;

/** The device of `cpu`, `cuda` (the first GPU) or `cuda:<number>`; undefined for anything else. */
export function parseDevice(text: string): Device | undefined {
  if (text === 'cpu') return 'cpu';
  if (text === 'cuda') return 'cuda:0';
  return /^cuda:(0|[1-9]\d?)$/.test(text) ? text : undefined;
}

/** A comma-separated list of devices, each once. Throws a RangeError that completes the sentence `<NAME> …`. */
export function parseDevices(text: string): readonly Device[] {
  const devices = text.split(',').map((part) => {
    const device = parseDevice(part.trim());
    if (device === undefined) throw new RangeError(`names "${part.trim()}", which is no device`);
    return device;
  });
  return [...new Set(devices)];
}
