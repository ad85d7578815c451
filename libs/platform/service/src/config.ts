import { duration, oneOf, port, string, type Setting } from './settings.ts';

export type Settings = Readonly<Record<string, Setting<unknown>>>;
export type Values<S extends Settings> = {
  readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never;
};

/** One line of docs/configuration.md. */
export interface SettingDescription {
  readonly variable: string;
  readonly kind: string;
  readonly unit: string | undefined;
  readonly bounds: string | undefined;
  /** Undefined: required. */
  readonly fallback: string | undefined;
  readonly secret: boolean;
  readonly help: string;
}

export interface Config<S extends Settings> {
  readonly service: string;
  readonly settings: S;
  /** Reads every setting; throws one ConfigurationError that names all problems. */
  parse(env: Readonly<Record<string, string | undefined>>): Values<S>;
  describe(): SettingDescription[];
}

/** The parsed values of a configuration: `type RegistryConfig = ConfigValues<typeof config>`. */
export type ConfigValues<C extends Config<Settings>> = ReturnType<C['parse']>;

export type CommonSettings = ReturnType<typeof commonSettings>;

/** The configuration is wrong; `problems` holds one sentence per setting. */
export class ConfigurationError extends Error {
  readonly problems: readonly string[];

  constructor(service: string, problems: readonly string[]) {
    const count = problems.length === 1 ? 'a setting is wrong' : `${problems.length} settings are wrong`;
    super(`${service} cannot start: ${count}.\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'ConfigurationError';
    this.problems = problems;
  }
}

/**
 * Declares a service's configuration. The variable of `grpcPort` is GRPC_PORT. HOST, ADMIN_PORT (default: the gRPC
 * port + 1), LOG_LEVEL and DRAIN_TIMEOUT_MS come with every service and may be declared differently.
 * @param check what is wrong with settings that are each right by themselves: one sentence per problem.
 */
export function defineConfig<const S extends Settings>(
  service: string,
  own: S,
  check: (values: Values<Omit<CommonSettings, keyof S> & S>) => readonly string[] = () => [],
): Config<Omit<CommonSettings, keyof S> & S> {
  const settings = { ...commonSettings(own['grpcPort']), ...own } as Omit<CommonSettings, keyof S> & S;
  return {
    service,
    settings,
    parse(env) {
      const problems: string[] = [];
      const values = Object.entries<Setting<unknown>>(settings).map(([key, setting]) => [
        key,
        read(variableName(key), setting, env, problems),
      ]);
      if (problems.length > 0) throw new ConfigurationError(service, problems);
      const parsed = Object.fromEntries(values) as Values<typeof settings>;
      const conflicts = check(parsed);
      if (conflicts.length > 0) throw new ConfigurationError(service, conflicts);
      return parsed;
    },
    describe: () =>
      Object.entries<Setting<unknown>>(settings).map(([key, setting]) => ({
        variable: variableName(key),
        kind: setting.kind,
        unit: setting.unit,
        bounds: setting.bounds,
        fallback: setting.fallback?.text,
        secret: setting.secret,
        help: setting.help,
      })),
  };
}

/** `maxBatchSize` → `MAX_BATCH_SIZE` */
export function variableName(key: string): string {
  return key.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase();
}

function read(
  variable: string,
  setting: Setting<unknown>,
  env: Readonly<Record<string, string | undefined>>,
  problems: string[],
): unknown {
  const text = env[variable]?.trim() ?? '';
  if (text === '' && setting.fallback) return setting.fallback.value;
  if (text === '') {
    problems.push(`${variable} is required (${setting.kind})${setting.help ? `: ${setting.help}` : ''}`);
    return undefined;
  }
  try {
    return setting.parse(text);
  } catch (error) {
    const shown = setting.secret ? variable : `${variable}="${text}"`;
    problems.push(`${shown} ${(error as Error).message}${setting.help ? ` (${setting.help})` : ''}`);
    return undefined;
  }
}

function commonSettings(grpcPort: Setting<unknown> | undefined) {
  const { value = 0 } = (grpcPort?.fallback ?? {}) as { value?: number };
  return {
    host: string({ default: '127.0.0.1', help: 'address to listen on; 0.0.0.0 in a container' }),
    adminPort: port(value === 0 ? 0 : value + 1, 'HTTP port for /healthz, /readyz and /metrics'),
    logLevel: oneOf(['debug', 'info', 'warn', 'error', 'silent'], {
      default: 'info',
      help: 'least severe line logged',
    }),
    drainTimeoutMs: duration({
      default: 10_000,
      min: 100,
      help: 'time for what is in flight to end at a shutdown; closing takes at most 5 s more',
    }),
  };
}
