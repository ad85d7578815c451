import { promisify } from 'node:util';
import { constants, deflate, gzip } from 'node:zlib';

export type ContentCoding = 'identity' | 'gzip' | 'deflate';

const CODINGS: readonly ContentCoding[] = ['gzip', 'deflate', 'identity'];

/** Of the codings that Accept-Encoding weighs highest, the first of gzip, deflate and identity. */
export function acceptedCoding(header: string | undefined): ContentCoding {
  if (header === undefined) return 'identity';
  const weights = new Map(header.split(',').map(weigh));
  const weightOf = (coding: ContentCoding): number =>
    weights.get(coding) ?? (coding === 'identity' ? LEAST : (weights.get('*') ?? 0));
  return CODINGS.reduce((best, coding) => (weightOf(coding) > weightOf(best) ? coding : best));
}

/** What is not named is better than what is refused. */
const LEAST = 1e-4;

function weigh(item: string): readonly [coding: string, weight: number] {
  const [coding = '', ...parameters] = item.split(';').map((part) => part.trim().toLowerCase());
  const quality = parameters.find((parameter) => parameter.startsWith('q='));
  const weight = quality === undefined ? 1 : Number(quality.slice(2));
  return [coding, Number.isFinite(weight) ? weight : 0];
}

/** Below this compression makes bodies longer rather than shorter. */
export const MIN_COMPRESSED_BYTES = 1_024;

/** Of tensors: little is gained by the higher levels, at several times the cost. */
const OPTIONS = { level: constants.Z_BEST_SPEED };
const compressors = { gzip: promisify(gzip), deflate: promisify(deflate) } as const;

/** Compresses off the thread. */
export async function compress(body: Buffer, coding: 'gzip' | 'deflate'): Promise<Buffer> {
  const compressor: (body: Buffer, options: typeof OPTIONS) => Promise<Buffer> = compressors[coding];
  return compressor(body, OPTIONS);
}
