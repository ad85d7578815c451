import { variableName, type Config, type Settings } from './config.ts';

/** Another process listens where the service was told to. The message names the setting. */
export class PortTaken extends Error {
  constructor(setting: string, address: string, port: number) {
    super(`${setting} ${port} on ${address} is taken: end what listens there, or set another`);
    this.name = 'PortTaken';
  }
}

/** True when `error` says that an address to listen on is in use. */
export function isAddressInUse(error: unknown): error is Error {
  return error instanceof Error && (error as { code?: string }).code === 'EADDRINUSE';
}

/** The same failure as PortTaken, by the first port setting that has the port; undefined where it is another. */
export function portTaken<S extends Settings>(
  error: unknown,
  config: Pick<Config<S>, 'settings'>,
  values: Readonly<Record<string, unknown>>,
): PortTaken | undefined {
  if (error instanceof PortTaken) return error;
  if (!isAddressInUse(error)) return undefined;
  const [, address, digits] = /EADDRINUSE: address already in use (\S+):(\d+)/.exec(error.message) ?? [];
  if (address === undefined) return undefined;
  const port = Number(digits);
  const key = Object.keys(config.settings).find(
    (name) => config.settings[name]?.kind.startsWith('port') && values[name] === port,
  );
  return new PortTaken(key === undefined ? 'port' : variableName(key), address, port);
}
