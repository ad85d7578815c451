import { parseArgs } from 'node:util';

/** Groups of checks, in the order they are made. */
export const GROUPS = ['oip', 'triton', 'rest', 'onnx', 'clients'] as const;
export type GroupName = (typeof GROUPS)[number];

export interface Options {
  /** host:port of a gRPC service; absent: this repository's service is started. */
  readonly address: string | undefined;
  /** host:port of its REST service. */
  readonly http: string | undefined;
  /** host:port of its page of metrics. */
  readonly metrics: string | undefined;
  readonly groups: readonly GroupName[];
  /** Write a repository with the suite's models and end. */
  readonly writeModels: string | undefined;
  /** Folder that --address serves in explicit mode, which the models of the group onnx are written to. */
  readonly repository: string | undefined;
  /** Where the results go. */
  readonly json: string;
  /** Folder of the ONNX project's test data. */
  readonly onnxTestdata: string;
  /** Whether a group `clients` that cannot run fails. */
  readonly requireClients: boolean;
  /** Whether the group `clients` runs KServe's client too. */
  readonly kserve: boolean;
  /** Folder of the examples that belong to tritonclient, for the group `clients`. */
  readonly examples: string | undefined;
  /** Whether checks that pass are listed too. */
  readonly verbose: boolean;
}

export const ONNX_TESTDATA = '/usr/share/libonnx-testdata/data';

export const HELP = `npm run conformance -- inference [options]
                             judge a server of the Open Inference Protocol; exit 1 where a check fails

Without --address this repository's inference service is started on a temporary repository of the suite's models.

  --address <host:port>      judge this gRPC service instead, ours or a foreign one
  --http <host:port>         its REST service, for the group rest
  --metrics <host:port>      its page of metrics, /metrics
  --write-models <folder>    write the suite's models in Triton's layout, for a foreign server to serve, and end
  --repository <folder>      the folder that --address serves with explicit model control, for the group onnx
  --only <group>[,<group>]   of ${GROUPS.join(', ')}
  --onnx-testdata <folder>   the ONNX project's backend test data      (default ${ONNX_TESTDATA},
                             where Debian's package libonnx-testdata puts it)
  --require-clients          fail where the Python clients cannot be run
  --examples <folder>        src/python/examples of a checkout of triton-inference-server/client, whose scripts the
                             package tritonclient does not carry: the group clients runs those as they are
  --kserve                   also run KServe's Python client, whose package takes 450 MB
  --json <file>              where the results go                      (default out/conformance/inference.json)
  --verbose                  list every check, not only those that did not pass`;

/** A mistake on the command line, in words for the person who made it. */
export class UsageError extends Error {}

/** Reads the command line; undefined asks for help. @throws UsageError */
export function parseOptions(args: readonly string[]): Options | undefined {
  const { values, positionals } = parse(args);
  if (values.help) return undefined;
  if (positionals.length !== 1 || positionals[0] !== 'inference') {
    throw new UsageError(`say what is judged: inference, not "${positionals.join(' ')}"`);
  }
  for (const name of ['http', 'metrics', 'repository'] as const) {
    if (values[name] !== undefined && values.address === undefined) {
      throw new UsageError(`--${name} goes with --address`);
    }
  }
  return {
    address: hostPort('address', values.address),
    http: hostPort('http', values.http),
    metrics: hostPort('metrics', values.metrics),
    groups: groupsOf(values.only),
    writeModels: values['write-models'],
    repository: values.repository,
    json: values.json,
    onnxTestdata: values['onnx-testdata'],
    requireClients: values['require-clients'],
    kserve: values.kserve,
    examples: values.examples,
    verbose: values.verbose,
  };
}

function hostPort(option: string, text: string | undefined): string | undefined {
  if (text !== undefined && !/^.+:\d{1,5}$/.test(text)) {
    throw new UsageError(`--${option} takes host:port, not "${text}"`);
  }
  return text;
}

function groupsOf(only: string | undefined): readonly GroupName[] {
  if (only === undefined) return GROUPS;
  const asked = only.split(',');
  const unknown = asked.find((name) => !GROUPS.includes(name as GroupName));
  if (unknown !== undefined) throw new UsageError(`--only takes ${GROUPS.join(', ')}, not "${unknown}"`);
  return GROUPS.filter((name) => asked.includes(name));
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        address: { type: 'string' },
        http: { type: 'string' },
        metrics: { type: 'string' },
        only: { type: 'string' },
        'write-models': { type: 'string' },
        repository: { type: 'string' },
        json: { type: 'string', default: 'out/conformance/inference.json' },
        'onnx-testdata': { type: 'string', default: ONNX_TESTDATA },
        'require-clients': { type: 'boolean', default: false },
        kserve: { type: 'boolean', default: false },
        examples: { type: 'string' },
        verbose: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
