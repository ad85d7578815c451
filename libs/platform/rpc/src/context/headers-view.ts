import type { IncomingHttpHeaders } from 'node:http2';
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
  readonly #headers: IncomingHttpHeaders;

  constructor(headers: IncomingHttpHeaders) {
    this.#headers = headers;
  }

  get(name: string): string | undefined {
    const value = this.#headers[name];
    return typeof value !== 'string' || name.endsWith('-bin') ? undefined : value;
  }

  /** Values of one name are joined by commas on the way: the first counts. */
  getBinary(name: string): Buffer | undefined {
    const value = this.#headers[name];
    if (typeof value !== 'string' || !name.endsWith('-bin')) return undefined;
    return Buffer.from(value.split(',', 1)[0] ?? '', 'base64');
  }

  *entries(): Generator<readonly [string, MetadataValue]> {
    for (const name of Object.keys(this.#headers)) {
      if (name.startsWith(':') || TRANSPORT.has(name)) continue;
      const value = this.get(name) ?? this.getBinary(name);
      if (value !== undefined) yield [name, value];
    }
  }
}
