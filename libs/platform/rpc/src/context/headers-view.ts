import type { RequestHeaders } from '@plumbline/http2';
import type { MetadataValue, ReadonlyMetadata } from './metadata.ts';

/** Of the transport, not of the call. */
const TRANSPORT: ReadonlySet<string> = new Set([
  'accept-encoding',
  'content-type',
  'grpc-accept-encoding',
  'grpc-encoding',
  'grpc-timeout',
  'te',
]);

/** A call's metadata as its HTTP/2 headers bring it. */
export class HeadersView implements ReadonlyMetadata {
  readonly #headers: RequestHeaders;

  constructor(headers: RequestHeaders) {
    this.#headers = headers;
  }

  get(name: string): string | undefined {
    return name.endsWith('-bin') ? undefined : this.#headers.get(name);
  }

  /** Values of one name may be joined by commas on the way: the first counts. */
  getBinary(name: string): Buffer | undefined {
    const value = name.endsWith('-bin') ? this.#headers.get(name) : undefined;
    return value === undefined ? undefined : Buffer.from(value.split(',', 1)[0] ?? '', 'base64');
  }

  *entries(): Generator<readonly [string, MetadataValue]> {
    const seen = new Set<string>();
    for (const [name] of this.#headers.entries()) {
      if (name.startsWith(':') || TRANSPORT.has(name) || seen.has(name)) continue;
      seen.add(name);
      const value = this.get(name) ?? this.getBinary(name);
      if (value !== undefined) yield [name, value];
    }
  }
}
