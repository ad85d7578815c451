import { BenchError } from './bench-error.ts';

/** Reads `cuda,cpu` as the devices cuda:0 and cpu, each once; undefined for none. @throws BenchError for anything else */
export function parseDevices(text: string | undefined): readonly string[] | undefined {
  if (text === undefined) return undefined;
  return [...new Set(text.split(',').map(deviceOf))];
}

function deviceOf(name: string): string {
  if (name === 'cuda') return 'cuda:0';
  if (name === 'cpu' || /^cuda:(0|[1-9]\d?)$/.test(name)) return name;
  throw new BenchError(`--providers takes cpu, cuda and cuda:<number>, comma-separated, not "${name}"`);
}
