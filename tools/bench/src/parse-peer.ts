import { BenchError } from './bench-error.ts';

/** Another server to measure beside ours. */
export interface PeerOptions {
  readonly address: string;
  /** Its names of our models, where they differ. */
  readonly models: ReadonlyMap<string, string>;
}

const LOOPBACK = /^(127(\.\d{1,3}){3}|localhost|\[::1\]):\d{1,5}$/;

/** @throws BenchError for an address beyond this machine, or models without a peer */
export function parsePeer(
  address: string | undefined,
  models: readonly string[],
  known: readonly string[],
): PeerOptions | undefined {
  if (address === undefined) {
    if (models.length > 0) throw new BenchError('--peer-model names models of a --peer, and none is given');
    return undefined;
  }
  if (!LOOPBACK.test(address)) {
    throw new BenchError(
      `--peer takes a port of this machine, e.g. 127.0.0.1:8001, not "${address}": both sides must have the same machine and the same network, and only your own machine is yours to saturate`,
    );
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
