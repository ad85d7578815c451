const NAME = Buffer.from('grpc-status');
/** The same in HPACK's Huffman code (RFC 7541, appendix B). */
const CODED_NAME = Buffer.from('9acac8b21234da8f', 'hex');
/** Huffman codes of the digits, as bits. */
const DIGITS = [
  ...['00000', '00001', '00010'],
  ...['011001', '011010', '011011', '011100', '011101', '011110', '011111'],
];
const STATUSES = Array.from({ length: 17 }, (_, status) => status);
const BY_TEXT = new Map(STATUSES.map((status) => [String(status), status]));
const BY_CODE = new Map(STATUSES.map((status) => [codeOf(String(status)), status]));

/** The block is not HPACK, or needs a dynamic table. */
export class HeaderBlockError extends Error {
  override readonly name = 'HeaderBlockError';
}

/**
 * The gRPC status in a block of headers or trailers, undefined where it holds none. Everything else is skipped: the
 * block must come from a peer that was told to keep no dynamic table (SETTINGS_HEADER_TABLE_SIZE 0), so that no other
 * block is needed to read it. Throws HeaderBlockError.
 */
export function grpcStatusOf(block: Uint8Array): number | undefined {
  const reader = new BlockReader(block);
  while (!reader.atEnd) {
    const status = reader.field();
    if (status !== undefined) return status;
  }
  return undefined;
}

const LAST_STATIC_INDEX = 61;
const MORE = 0x80;

/** Reads field after field (RFC 7541, §6). */
class BlockReader {
  readonly #block: Uint8Array;
  #at = 0;

  constructor(block: Uint8Array) {
    this.#block = block;
  }

  get atEnd(): boolean {
    return this.#at >= this.#block.length;
  }

  /** The status where the next field is one. */
  field(): number | undefined {
    const first = this.#block[this.#at] as number;
    if (first >= 0x80) return this.#indexed(7);
    if (first >= 0x40) return this.#literal(6);
    if (first >= 0x20) return void this.#integer(5); // a change of the table's size
    return this.#literal(4);
  }

  #indexed(prefixBits: number): undefined {
    const index = this.#integer(prefixBits);
    if (index > LAST_STATIC_INDEX) throw new HeaderBlockError('a field of the dynamic table');
    return undefined;
  }

  #literal(prefixBits: number): number | undefined {
    if (this.#integer(prefixBits) > 0) return void this.#text(); // a name of the static table, none of which is ours
    const name = this.#text();
    const value = this.#text();
    return name.bytes.equals(name.coded ? CODED_NAME : NAME) ? statusOf(value) : undefined;
  }

  #text(): Text {
    const coded = ((this.#block[this.#at] ?? 0) & 0x80) !== 0;
    const length = this.#integer(7);
    const start = this.#at;
    this.#at += length;
    if (this.#at > this.#block.length) throw new HeaderBlockError('a text beyond the end');
    const { buffer, byteOffset } = this.#block;
    return { coded, bytes: Buffer.from(buffer, byteOffset + start, length) };
  }

  #integer(prefixBits: number): number {
    const most = 2 ** prefixBits - 1;
    let value = this.#byte() & most;
    if (value < most) return value;
    for (let weight = 1; ; weight *= MORE) {
      const byte = this.#byte();
      value += (byte % MORE) * weight;
      if (byte < MORE) return value;
    }
  }

  #byte(): number {
    const byte = this.#block[this.#at];
    if (byte === undefined) throw new HeaderBlockError('an integer beyond the end');
    this.#at += 1;
    return byte;
  }
}

interface Text {
  /** Whether in Huffman code. */
  readonly coded: boolean;
  readonly bytes: Buffer;
}

function statusOf({ coded, bytes }: Text): number {
  const status = coded ? BY_CODE.get(bytes.toString('hex')) : BY_TEXT.get(bytes.toString());
  if (status === undefined) throw new HeaderBlockError(`the status 0x${bytes.toString('hex')}`);
  return status;
}

function codeOf(digits: string): string {
  const bits = [...digits].map((digit) => DIGITS[Number(digit)] as string).join('');
  const padded = bits.padEnd(8 * Math.ceil(bits.length / 8), '1');
  return Buffer.from((padded.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2))).toString('hex');
}
