/** The header fields of a request, by name in lower case. Where a name occurs several times its first value counts. */
export class RequestHeaders {
  /** Flat: name, value, name, value. */
  readonly #fields: readonly string[];

  constructor(fields: readonly string[]) {
    this.#fields = fields;
  }

  get(name: string): string | undefined {
    const fields = this.#fields;
    for (let at = 0; at < fields.length; at += 2) if (fields[at] === name) return fields[at + 1];
    return undefined;
  }

  *entries(): Generator<readonly [name: string, value: string]> {
    for (let at = 0; at < this.#fields.length; at += 2) {
      yield [this.#fields[at] ?? '', this.#fields[at + 1] ?? ''];
    }
  }
}

const PSEUDO: ReadonlySet<string> = new Set([':method', ':scheme', ':path', ':authority']);
/** Those of HTTP/1 connections, which HTTP/2 has no use for (RFC 9113, section 8.2.2). */
const OF_CONNECTIONS: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);
const NAME = /^:?[!#$%&'*+\-.^_`|~0-9a-z]+$/;
/** No NUL, CR or LF, and no space or tab at either end. */
const VALUE = /^(?![ \t])[^\0\r\n]*(?<![ \t])$/;

/** Names that were found legal: clients use few, and the check of each field of each call would show. */
const legalNames = new Set<string>();
const MAX_LEGAL_NAMES = 1_000;

/** Why these are not the header fields of a request (RFC 9113, sections 8.2 and 8.3); undefined: they are. */
export function faultOfRequest(fields: readonly string[]): string | undefined {
  let pseudoFields = 0;
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at] ?? '';
    const value = fields[at + 1] ?? '';
    const fault = name.startsWith(':')
      ? faultOfPseudo(fields, at, at === 2 * pseudoFields)
      : faultOfField(name, value);
    if (fault !== undefined) return fault;
    if (name.startsWith(':')) pseudoFields++;
  }
  return ['method', 'scheme', 'path']
    .map((name) => missing(fields, `:${name}`))
    .find((fault) => fault !== undefined);
}

/** The same of the fields that follow a body (RFC 9113, section 8.1). */
export function faultOfTrailers(fields: readonly string[]): string | undefined {
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at] ?? '';
    if (name.startsWith(':')) return `${name} follows the body`;
    const fault = faultOfField(name, fields[at + 1] ?? '');
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function faultOfPseudo(fields: readonly string[], at: number, isInFront: boolean): string | undefined {
  const name = fields[at] ?? '';
  if (!PSEUDO.has(name)) return `${name} is not defined`;
  if (!isInFront) return `${name} follows other fields`;
  if (!VALUE.test(fields[at + 1] ?? '')) return `the value of ${name} is not legal`;
  return fields.indexOf(name) < at ? `${name} occurs twice` : undefined;
}

function faultOfField(name: string, value: string): string | undefined {
  if (!isLegal(name)) return 'the name of a field is not legal';
  if (!VALUE.test(value)) return `the value of ${name} is not legal`;
  if (OF_CONNECTIONS.has(name)) return `${name} belongs to a connection`;
  return name === 'te' && value !== 'trailers' ? 'te asks for more than trailers' : undefined;
}

function missing(fields: readonly string[], name: string): string | undefined {
  const at = fields.indexOf(name);
  return at < 0 || fields[at + 1] === '' ? `${name} is missing` : undefined;
}

function isLegal(name: string): boolean {
  if (legalNames.has(name)) return true;
  if (!NAME.test(name)) return false;
  if (legalNames.size < MAX_LEGAL_NAMES) legalNames.add(name);
  return true;
}
