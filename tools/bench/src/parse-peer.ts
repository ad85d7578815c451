import { BenchError } from './bench-error.ts';

/** Another server to measure beside ours. */
export interface PeerOptions {
  readonly address: string;
  /** Its names of our models, where they differ. */
  readonly models: ReadonlyMap<string, string>;
}

const ADDRESS = /^(\[[\da-f:.]+\]|[^\s:/[\]]+):(\d{1,5})$/i;
const LOOPBACK = /^(127(\.\d{1,3}){3}|localhost|\[::1\])$/;
const LAST_PORT = 65_535;

/** Whether an address is one of this machine whatever its network says. */
export function isLoopback(address: string): boolean {
  return LOOPBACK.test(ADDRESS.exec(address)?.[1] ?? '');
}

/** @throws BenchError for what is no address, or models without a peer */
export function parsePeer(
  address: string | undefined,
  models: readonly string[],
  known: readonly string[],
): PeerOptions | undefined {
  if (address === undefined) {
    if (models.length > 0) throw new BenchError('--peer-model names models of a --peer, and none is given');
    return undefined;
  }
  const port = Number(ADDRESS.exec(address)?.[2] ?? 0);
  if (port < 1 || port > LAST_PORT) {
    throw new BenchError(`--peer takes <host>:<port>, e.g. 127.0.0.1:8001, not "${address}"`);
  }
  return { address, models: new Map(models.map((text) => parseName(text, known))) };
}

function parseName(text: string, known: readonly string[]): [string, string] {
  const [ours = '', theirs = '', ...more] = text.split('=');
  if (ours === '' || theirs === '' || more.length > 0) {
    throw new BenchError(`--peer-model takes <our name>=<its name>, not "${text}"`);
  }
  if (!known.includes(ours)) throw new BenchError(`no model is called ${ours}: ${known.join(', ')}`);
  return [ours, theirs];
}
