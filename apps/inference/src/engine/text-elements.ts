import { decodeBytesElements } from '@plumbline/tensors';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const NUL = '\0';

/**
 * The elements of a raw BYTES tensor as the engine's strings.
 * @throws RangeError where they are not `count`, are no UTF-8 or hold a zero character: the engine's strings cannot.
 */
export function decodeTexts(raw: Uint8Array, count: number): string[] {
  const texts = decodeBytesElements(raw).map(decodeText);
  if (texts.length === count) return texts;
  throw new RangeError(`a BYTES tensor has ${texts.length} elements where its shape takes ${count}`);
}

function decodeText(element: Uint8Array): string {
  let text: string;
  try {
    text = utf8.decode(element);
  } catch (error) {
    throw new RangeError('a BYTES element is no valid UTF-8', { cause: error });
  }
  if (text.includes(NUL)) throw new RangeError('a BYTES element holds a zero character');
  return text;
}

/** The raw form of BYTES elements: for each a 4-byte little-endian length, then its UTF-8 bytes. */
export function encodeTexts(texts: readonly string[]): Uint8Array {
  const lengths = texts.map((text) => Buffer.byteLength(text));
  const raw = Buffer.from(new ArrayBuffer(lengths.reduce((sum, length) => sum + 4 + length, 0)));
  let at = 0;
  texts.forEach((text, index) => {
    at = raw.writeUInt32LE(lengths[index] ?? 0, at);
    at += raw.write(text, at);
  });
  return raw;
}
