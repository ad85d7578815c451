import { parseArgs } from 'node:util';

export interface Options {
  /** End after the journey, in a fresh tenant. */
  readonly once: boolean;
  /** Only bring everything up. */
  readonly bare: boolean;
  /** Directory of databases, objects, keys and logs. */
  readonly home: string;
  /** First port; services take 10 each. */
  readonly basePort: number;
}

export const HELP = `npm start                  bring everything up, run the journey on real flights, keep streaming until Ctrl-C
npm start -- --once        run the journey in a fresh tenant and exit; 0 only if every check held
npm start -- --bare        bring everything up and wait; no journey

  --home <directory>       where databases, objects, keys and logs live   (default .plumbline)
  --base-port <port>       services listen from here, 10 ports each       (default 7400)

Environment: DATABASE_URL and NATS_URL use real servers instead of the embedded ones; DATABASE_URL must name a user
that may create roles and schemas. NATS_SERVER names a nats-server binary. Results: out/journey.json.`;

/** A mistake on the command line, in words for the person who made it. */
export class UsageError extends Error {}

/** Reads the command line; undefined asks for help. @throws UsageError */
export function parseOptions(args: readonly string[]): Options | undefined {
  const { values } = parse(args);
  if (values.help) return undefined;
  const basePort = Number(values['base-port']);
  if (!Number.isInteger(basePort) || basePort < 1_024 || basePort > 65_400) {
    throw new UsageError(`--base-port takes a port from 1024 to 65400, not "${values['base-port']}"`);
  }
  if (values.once && values.bare) throw new UsageError('--once and --bare exclude each other');
  return { once: values.once, bare: values.bare, home: values.home, basePort };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        once: { type: 'boolean', default: false },
        bare: { type: 'boolean', default: false },
        home: { type: 'string', default: '.plumbline' },
        'base-port': { type: 'string', default: '7400' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
