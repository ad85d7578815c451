import { parseArgs } from 'node:util';
import { BenchError } from './bench-error.ts';
import { parseDevices } from './parse-devices.ts';
import { parsePeer, type PeerOptions } from './parse-peer.ts';

export interface Options {
  readonly area: 'inference';
  /** Measurements wanted; empty: all. */
  readonly only: readonly string[];
  /** Seconds instead of minutes, and figures that prove only that everything works. */
  readonly quick: boolean;
  readonly peer: PeerOptions | undefined;
  /** Devices that the models for a GPU are measured on; undefined: the first GPU, if there is one. */
  readonly devices: readonly string[] | undefined;
  /** Writes the models there, for a peer to serve, and measures nothing. */
  readonly writeModels: string | undefined;
}

const AREAS = ['inference'];

/** Names that the command line may use. */
export interface Known {
  readonly measurements: readonly string[];
  readonly models: readonly string[];
}

/** Reads the command line; undefined asks for help. @throws BenchError for a mistake on it */
export function parseOptions(args: readonly string[], known: Known): Options | undefined {
  const { values, positionals } = parse(args);
  if (values.help) return undefined;
  const [area, ...more] = positionals;
  if (area === undefined || !AREAS.includes(area) || more.length > 0) {
    throw new BenchError(`name one area to measure: ${AREAS.join(', ')}`);
  }
  return {
    area: 'inference',
    only: parseOnly(values.only, known.measurements),
    quick: values.quick,
    peer: parsePeer(values.peer, values['peer-model'], known.models),
    devices: parseDevices(values.providers),
    writeModels: values['write-models'],
  };
}

function parseOnly(text: string | undefined, known: readonly string[]): string[] {
  const ids = (text ?? '').split(',').filter((id) => id !== '');
  const unknown = ids.filter((id) => !known.includes(id));
  if (unknown.length > 0) {
    throw new BenchError(`--only takes ${known.join(', ')}; there is no ${unknown.join(', ')}`);
  }
  return ids;
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        only: { type: 'string' },
        quick: { type: 'boolean', default: false },
        peer: { type: 'string' },
        'peer-model': { type: 'string', multiple: true, default: [] },
        providers: { type: 'string' },
        'write-models': { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new BenchError((error as Error).message);
  }
}
