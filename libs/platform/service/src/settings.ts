import { resolve } from 'node:path';

/** One setting: what it means, what it may be, and how its text becomes a value. */
export interface Setting<T> {
  /** For people: `integer`, `duration`, `port`, … */
  readonly kind: string;
  readonly help: string;
  /** Used when the variable is unset or empty. Absent: the setting is required. */
  readonly fallback?: { readonly value: T; readonly text: string };
  readonly unit?: string;
  /** For people, e.g. `1 to 100`. */
  readonly bounds?: string;
  /** Never shown, neither in logs nor in error messages. */
  readonly secret: boolean;
  /** Throws a RangeError that completes the sentence `<NAME> …`. */
  parse(text: string): T;
}

interface Options<T> {
  readonly default?: T;
  readonly help?: string;
}

interface PathOptions extends Options<string> {
  readonly urls?: 'refuse' | 'keep';
}

interface NumberOptions extends Options<number> {
  readonly min?: number;
  readonly max?: number;
  readonly unit?: string;
}

/** Any text, e.g. a name. */
export const string = (options: Options<string> = {}): Setting<string> =>
  setting('string', options, (text) => text);

/**
 * A path, absolute once it is read: a relative one that is given is one of the folder from which the service was
 * started, a default one of the working directory. URLs are refused, or left as they are for whoever takes them on.
 */
export const path = ({ urls = 'refuse', ...options }: PathOptions = {}): Setting<string> =>
  setting('path', options, (text) => {
    if (!URL_START.test(text)) return resolve(process.env['CALLER_DIRECTORY'] ?? '', text);
    if (urls === 'refuse')
      throw new RangeError('is a URL: give a path of this machine, a mounted one if need be');
    return text;
  });

const URL_START = /^[a-z][a-z0-9+.-]*:\/\//i;

/** A value that must not be shown. Give no default except for development. */
export const secret = (options: Options<string> = {}): Setting<string> => ({
  ...setting('secret', options, (text) => text),
  secret: true,
});

export const integer = (options: NumberOptions = {}): Setting<number> =>
  bounded('integer', options, readInteger);

export const number = (options: NumberOptions = {}): Setting<number> =>
  bounded('number', options, (text) => Number(text));

/** A TCP port; 0 lets the system choose. */
export const port = (fallback?: number, help = ''): Setting<number> =>
  bounded(
    'port',
    { ...(fallback === undefined ? {} : { default: fallback }), help, min: 0, max: 65_535 },
    readInteger,
  );

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** How a length of time may be written. */
export const DURATION_FORMS = '250, 250ms, 5s, 2m, 1h or 7d';

/** A length of time in milliseconds, written `250`, `250ms`, `5s`, `2m`, `1h` or `7d`. Name such settings `…Ms`. */
export const duration = (options: Omit<NumberOptions, 'unit'> = {}): Setting<number> =>
  bounded('duration', { min: 0, ...options, unit: 'ms' }, (text) => {
    const [, amount, unit = 'ms'] = /^(\d+(?:\.\d+)?) ?(ms|s|m|h|d)?$/.exec(text) ?? [];
    return Number(amount) * (UNITS_MS[unit] ?? Number.NaN);
  });

/** `true` or `false`. */
export const flag = (options: Options<boolean> = {}): Setting<boolean> =>
  setting('flag', options, (text) => {
    if (text === 'true' || text === '1') return true;
    if (text === 'false' || text === '0') return false;
    throw new RangeError('is neither true nor false');
  });

export const oneOf = <const T extends string>(
  values: readonly T[],
  options: Options<T> = {},
): Setting<T> => ({
  ...setting('choice', options, (text) => {
    const value = values.find((candidate) => candidate === text);
    if (value === undefined) throw new RangeError(`is none of ${values.join(', ')}`);
    return value;
  }),
  bounds: values.join(' | '),
});

/** `host:port` of another service. */
export const address = (fallback?: string, help = ''): Setting<string> =>
  setting('address', { ...(fallback === undefined ? {} : { default: fallback }), help }, (text) => {
    if (!/^(\[[0-9a-f:.]+\]|[^\s:/]+):\d{1,5}$/i.test(text)) throw new RangeError('is not host:port');
    return text;
  });

/** An absolute URL with one of the schemes. May hold credentials, so it is never shown. */
export const url = (
  options: Options<string> & { readonly schemes?: readonly string[] } = {},
): Setting<string> => {
  const { schemes = [] } = options;
  const parse = (text: string): string => {
    const scheme = URL.canParse(text) ? new URL(text).protocol.slice(0, -1) : undefined;
    if (scheme === undefined) throw new RangeError('is not a URL');
    if (schemes.length > 0 && !schemes.includes(scheme)) {
      throw new RangeError(`does not begin with ${schemes.map((one) => `${one}://`).join(' or ')}`);
    }
    return text;
  };
  return { ...setting('url', options, parse), secret: true };
};

/** The same setting, undefined where it is not set. */
export const optional = <T>(inner: Setting<T>): Setting<T | undefined> => ({
  ...inner,
  fallback: { value: undefined, text: '' },
});

function readInteger(text: string): number {
  return /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
}

function bounded(kind: string, options: NumberOptions, read: (text: string) => number): Setting<number> {
  const { min = -Infinity, max = Infinity, unit } = options;
  const bounds = describeBounds(min, max);
  const parse = (text: string): number => {
    const value = read(text);
    if (!Number.isFinite(value)) {
      const forms = kind === 'duration' ? `, such as ${DURATION_FORMS}` : '';
      throw new RangeError(`is not ${kind === 'integer' ? 'an' : 'a'} ${kind}${forms}`);
    }
    if (value < min || value > max) throw new RangeError(`must be ${bounds}${unit ? ` ${unit}` : ''}`);
    return value;
  };
  return { ...setting(kind, options, parse), ...(unit ? { unit } : {}), ...(bounds ? { bounds } : {}) };
}

function describeBounds(min: number, max: number): string {
  if (min === -Infinity && max === Infinity) return '';
  if (max === Infinity) return `at least ${min}`;
  return min === -Infinity ? `at most ${max}` : `${min} to ${max}`;
}

function setting<T>(kind: string, options: Options<T>, parse: (text: string) => T): Setting<T> {
  const { default: value, help = '' } = options;
  return {
    kind,
    help,
    secret: false,
    parse,
    ...(value === undefined ? {} : { fallback: { value, text: String(value) } }),
  };
}
