import { randomUUID } from 'node:crypto';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { create, toBinary, type DescMethod, type MessageInitShape } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RecordKind } from '@plumbline/contract-audit';
import { PredictRequestSchema } from '@plumbline/contract-gateway';
import { VersionState } from '@plumbline/contract-inference';
import { ModelInferRequestSchema } from '@plumbline/contract-oip';
import { fileObjects, type ObjectStore } from '@plumbline/objects';
import { serviceToken } from '@plumbline/rpc';
import { encodeElements } from '@plumbline/tensors';
import { temporaryDirectory } from '@plumbline/testing';
import { writeCorruptedFlights } from '../src/journey/corrupted-flights.ts';
import { until } from '../src/journey/retry.ts';
import { freeBasePort } from './free-base-port.ts';
import { startPlatform, type Platform } from '../src/platform.ts';
import { addressVariable, SERVICES } from '../src/processes/services.ts';
import { Screen } from '../src/terminal/screen.ts';
import { documentedReasons } from './hostile/documented-reasons.ts';
import { hostileMessages } from './hostile/hostile-messages.ts';
import { cpuMs, jsonMs } from './hostile/processes.ts';
import { OwnServers } from './hostile/own-servers.ts';
import { PlainClient, type Outcome, type PlainCall } from './hostile/plain-grpc.ts';
import { pathOf, reflectedMethods } from './hostile/reflected-methods.ts';
import {
  createTenant,
  instant,
  int,
  MODEL,
  NOON_US,
  outcomes,
  predictRequest,
  registerVersion,
  release,
  ROUTE,
  text,
  type SmallTenant,
} from './hostile/small-tenant.ts';

const PREDICT = 'plumbline.gateway.v1.PredictionService/Predict';
const MODEL_INFER = 'inference.GRPCInferenceService/ModelInfer';
/** Served without credentials, by every server. */
const OPEN =
  /^(grpc\.health\.v1\.Health|grpc\.reflection\.v1\.ServerReflection|plumbline\.common\.v1\.CoalescedService)\//;
const DOCUMENTED = documentedReasons();

let servers: OwnServers;
let basePort: number;
let platform: Platform;
let objects: ObjectStore;
let acme: SmallTenant;
let rival: SmallTenant;
const clients = new Map<string, PlainClient>();

beforeAll(async () => {
  const home = await temporaryDirectory();
  servers = await OwnServers.start(home);
  Object.assign(process.env, servers.environment);
  const screen = new Screen(new PassThrough() as unknown as NodeJS.WriteStream);
  basePort = await freeBasePort();
  platform = await startPlatform({ once: true, bare: true, home, basePort }, screen);
  objects = fileObjects(platform.infrastructure.objectsDirectory);
  const { addresses, infrastructure } = platform;
  acme = await createTenant(addresses, infrastructure.serviceSecret, 'acme', objects);
  rival = await createTenant(addresses, infrastructure.serviceSecret, 'rival', objects);
  for (const { name } of SERVICES) {
    clients.set(name, new PlainClient(addresses[addressVariable(name)] ?? ''));
  }
});

afterAll(async () => {
  for (const client of clients.values()) client.close();
  acme.clients.close();
  rival.clients.close();
  await platform.stop();
  await servers.close();
  for (const name of Object.keys(servers.environment)) delete process.env[name];
});

function pidOf(service: string): number {
  const pid = platform.supervisor.pidOf(service);
  if (pid === undefined) throw new Error(`${service} does not run`);
  return pid;
}

function clientOf(service: string): PlainClient {
  const client = clients.get(service);
  if (client === undefined) throw new Error(`no service ${service}`);
  return client;
}

const operator = (tenant = 'acme') => ({
  authorization: serviceToken('operator', platform.infrastructure.serviceSecret),
  'plumbline-tenant': tenant,
});
const withKey = ({ apiKey }: SmallTenant) => ({ authorization: `Bearer ${apiKey}` });

/** Methods of a service that need credentials, as reflection tells them. */
const guardedMethods = async (service: string): Promise<DescMethod[]> =>
  (await reflectedMethods(clientOf(service))).filter((method) => !OPEN.test(pathOf(method)));

function predict(change: MessageInitShape<typeof PredictRequestSchema> = {}, call: PlainCall = {}) {
  const request = create(PredictRequestSchema, predictRequest(change));
  const metadata = { ...withKey(acme), ...call.metadata };
  return clientOf('gateway').call(PREDICT, [toBinary(PredictRequestSchema, request)], { ...call, metadata });
}

/** What an outcome says, in the form of the documentation. */
const verdict = ({ code, reason }: Outcome): string => (code === 'OK' ? 'OK' : `${code}/${reason}`);

/**
 * The most CPU time of a service that one hostile message may take, ms: eight times what 13 MB of JSON take to parse on
 * this machine. The bombs among the messages once took seconds where those take 70 ms.
 */
const MOST_CPU_MS = 8 * jsonMs();

/** The client's own clock ran out before the server's answer arrived: that has a code and no reason. */
const gaveUp = ({ code, message }: Outcome): boolean =>
  code === 'DEADLINE_EXCEEDED' && message.startsWith('Deadline exceeded after');

/** What a refusal says; undefined for what is no refusal, or one that the documentation lists. */
function complaint(outcome: Outcome): string | undefined {
  const accepted =
    ['OK', 'CANCELLED'].includes(outcome.code) || outcome.responses.length > 0 || gaveUp(outcome);
  if (accepted || (DOCUMENTED.has(verdict(outcome)) && outcome.code !== 'INTERNAL')) return undefined;
  return `${verdict(outcome)} ${outcome.message}`;
}

/** Methods of services that the gateway has in part, which it answers alike whoever asks. */
const NOT_SERVED: ReadonlySet<string> = new Set(
  [
    'ModelStreamInfer',
    'ModelConfig',
    'ModelStatistics',
    'RepositoryIndex',
    'RepositoryModelLoad',
    'RepositoryModelUnload',
  ].map((name) => `gateway ${name}`),
);

describe.each(SERVICES.map(({ name }) => name))('%s', (service) => {
  it('serves nobody without credentials of this deployment', async () => {
    const forged: Readonly<Record<string, Readonly<Record<string, string>>>> = {
      'no credentials': {},
      'another scheme': { authorization: 'Basic eDp5' },
      'a forged service token': { authorization: `Bearer plsvc.operator.${'0'.repeat(64)}` },
      'an unknown API key': { authorization: `Bearer plk_${'x'.repeat(43)}` },
      // A real key opens the gateway only, and names no tenant and no identity but its own.
      ...(service === 'gateway'
        ? {}
        : { 'an API key': { ...withKey(acme), 'plumbline-caller': 'service:operator' } }),
    };
    const methods = await guardedMethods(service);
    expect(methods.length).toBeGreaterThan(0);
    for (const method of methods) {
      for (const [what, credentials] of Object.entries(forged)) {
        const metadata = { 'plumbline-tenant': 'acme', ...credentials };
        const outcome = await clientOf(service).call(pathOf(method), [Buffer.alloc(0)], { metadata });
        const due = NOT_SERVED.has(`${service} ${method.name}`) ? 'UNIMPLEMENTED' : 'UNAUTHENTICATED';
        expect([method.name, what, outcome.code]).toEqual([method.name, what, due]);
        expect(DOCUMENTED).toContain(verdict(outcome));
      }
    }
  });

  it('answers whatever bytes it is sent with an error of its catalogue, and in little time', async () => {
    const complaints: string[] = [];
    const pid = pidOf(service);
    for (const method of await guardedMethods(service)) {
      const limits =
        method.methodKind === 'unary' ? { deadlineMs: 2_000 } : { cancelAfterMs: 400, maxResponses: 1 };
      for (const [what, message] of hostileMessages(method.input)) {
        const before = cpuMs(pid);
        const outcome = await clientOf(service).call(pathOf(method), [message], {
          metadata: operator(),
          ...limits,
        });
        const spentMs = cpuMs(pid) - before;
        const wrong =
          spentMs > MOST_CPU_MS ? `it took ${spentMs} of ${MOST_CPU_MS} ms of CPU time` : complaint(outcome);
        if (wrong !== undefined) complaints.push(`${method.name} given ${what}: ${wrong}`);
      }
    }
    expect(complaints).toEqual([]);
    expect(platform.supervisor.pidOf(service)).toBe(pid);
  });
});

describe('a prediction on tensors', () => {
  type Tensors = MessageInitShape<typeof ModelInferRequestSchema>;
  const input = (name: string, datatype: string, shape: bigint[]) => ({ name, datatype, shape });
  const hour = input('hour', 'INT64', [1n, 1n]);
  const share = input('late_share', 'FP32', [1n, 1n]);
  const raw = [encodeElements('INT64', [12n]), encodeElements('FP32', [0.5])];
  const infer = (change: Tensors, call: PlainCall = {}) => {
    const request = { modelName: ROUTE, inputs: [hour, share], rawInputContents: raw, ...change };
    const bytes = toBinary(ModelInferRequestSchema, create(ModelInferRequestSchema, request));
    const metadata = { ...withKey(acme), ...call.metadata };
    return clientOf('gateway').call(MODEL_INFER, [bytes], { ...call, metadata });
  };

  it('is answered when nothing is wrong, and when a value is missing', async () => {
    expect(verdict(await infer({}))).toBe('OK');
    const missing = [raw[0] ?? Buffer.alloc(0), encodeElements('FP32', [Number.NaN])];
    expect(verdict(await infer({ rawInputContents: missing }))).toBe('OK');
  });

  it.each<[string, Tensors, string]>([
    ['an unknown model', { modelName: 'nothing' }, 'NOT_FOUND/ROUTE_NOT_FOUND'],
    [
      'an unknown input',
      { inputs: [hour, input('x', 'FP32', [1n, 1n])] },
      'INVALID_ARGUMENT/INPUT_NAME_INVALID',
    ],
    ['an input twice', { inputs: [hour, hour] }, 'INVALID_ARGUMENT/INPUT_NAME_INVALID'],
    [
      'an input too few',
      { inputs: [hour], rawInputContents: raw.slice(0, 1) },
      'INVALID_ARGUMENT/INPUT_NAME_INVALID',
    ],
    ['an unknown output', { outputs: [{ name: 'x' }] }, 'INVALID_ARGUMENT/OUTPUT_NAME_INVALID'],
    [
      'another datatype',
      { inputs: [input('hour', 'FP64', [1n, 1n]), share] },
      'INVALID_ARGUMENT/DATATYPE_MISMATCH',
    ],
    [
      'no datatype',
      { inputs: [input('hour', 'FP7', [1n, 1n]), share] },
      'INVALID_ARGUMENT/DATATYPE_MISMATCH',
    ],
    ['another rank', { inputs: [input('hour', 'INT64', [1n]), share] }, 'INVALID_ARGUMENT/SHAPE_MISMATCH'],
    [
      'a negative dimension',
      { inputs: [input('hour', 'INT64', [-1n, 1n]), share] },
      'INVALID_ARGUMENT/SHAPE_MISMATCH',
    ],
    [
      'a shape beyond 2^63',
      { inputs: [input('hour', 'INT64', [2n ** 62n, 4n]), share] },
      'INVALID_ARGUMENT/SHAPE_MISMATCH',
    ],
    [
      'no row',
      { inputs: [input('hour', 'INT64', [0n, 1n]), share] },
      'INVALID_ARGUMENT/BYTE_LENGTH_MISMATCH',
    ],
    [
      'too few bytes',
      { rawInputContents: [Buffer.alloc(7), Buffer.alloc(4)] },
      'INVALID_ARGUMENT/BYTE_LENGTH_MISMATCH',
    ],
    ['too few tensors', { rawInputContents: raw.slice(0, 1) }, 'INVALID_ARGUMENT/REQUEST_MALFORMED'],
    [
      'more typed texts than are converted',
      {
        inputs: [
          {
            ...hour,
            datatype: 'BYTES',
            contents: { bytesContents: Array<Buffer>(300_000).fill(Buffer.alloc(0)) },
          },
        ],
        rawInputContents: [],
      },
      'INVALID_ARGUMENT/REQUEST_MALFORMED',
    ],
  ])('with %s gets its reason', async (_what, change, expected) => {
    expect(verdict(await infer(change))).toBe(expected);
    expect(DOCUMENTED).toContain(expected);
  });

  it('names its instant and its id in metadata that can be read', async () => {
    const asOf = (instantUs: string) => infer({}, { metadata: { 'plumbline-as-of-us': instantUs } });
    expect(verdict(await asOf('-1'))).toBe('INVALID_ARGUMENT/INSTANT_INVALID');
    expect(verdict(await asOf('9'.repeat(18)))).toBe('INVALID_ARGUMENT/INSTANT_INVALID');
    const named = await infer({}, { metadata: { 'plumbline-prediction-id': 'mine' } });
    expect(verdict(named)).toBe('INVALID_ARGUMENT/PREDICTION_ID_INVALID');
  });
});

describe('a prediction by entity key', () => {
  const keys = { origin: text('ATL'), destination: text('BOS') };
  const values = { departure_us: instant(NOON_US), distance_miles: int(946n) };

  it.each<[string, MessageInitShape<typeof PredictRequestSchema>, string]>([
    ['an unknown route', { route: 'nothing' }, 'NOT_FOUND/ROUTE_NOT_FOUND'],
    ['a key too few', { entityKeys: { origin: text('ATL') } }, 'INVALID_ARGUMENT/ENTITY_KEY_MISSING'],
    [
      'a key of another type',
      { entityKeys: { ...keys, origin: int(1n) } },
      'INVALID_ARGUMENT/ENTITY_KEY_MISSING',
    ],
    ['no request values', { requestValues: {} }, 'INVALID_ARGUMENT/REQUEST_VALUE_MISSING'],
    [
      'a value beyond 2^53',
      { requestValues: { ...values, distance_miles: int(2n ** 63n - 1n) } },
      'INVALID_ARGUMENT/REQUEST_VALUE_MISSING',
    ],
    ['an instant before 1970', { asOfUs: -1n }, 'INVALID_ARGUMENT/INSTANT_INVALID'],
    ['an instant beyond all time', { asOfUs: 2n ** 63n - 1n }, 'INVALID_ARGUMENT/INSTANT_INVALID'],
    ['an id that is none', { predictionId: '1' }, 'INVALID_ARGUMENT/PREDICTION_ID_INVALID'],
  ])('with %s gets its reason', async (_what, change, expected) => {
    expect(verdict(await predict(change))).toBe(expected);
    expect(DOCUMENTED).toContain(expected);
  });

  it('costs a caller that cancels at once nothing but its own answer', async () => {
    const cancelled = await Promise.all(
      Array.from({ length: 500 }, (_, index) => predict({}, { cancelAfterMs: index % 5 })),
    );
    const codes = new Set(cancelled.map(({ code }) => code));
    codes.delete('OK'); // answered sooner than cancelled
    expect([...codes]).toEqual(['CANCELLED']);
    expect(verdict(await predict())).toBe('OK');
  });

  it('carries an id that belongs to its tenant alone', async () => {
    const predictionId = randomUUID();
    expect(verdict(await predict({ predictionId }))).toBe('OK');
    expect(verdict(await predict({ predictionId }, { metadata: withKey(rival) }))).toBe('OK');
    expect(verdict(await predict({ predictionId, stickyKey: 'other' }))).toBe(
      'ALREADY_EXISTS/PREDICTION_ID_REUSED',
    );
    const spoofed = { ...withKey(acme), 'plumbline-tenant': 'rival' };
    const onlyMine = randomUUID();
    expect(verdict(await predict({ predictionId: onlyMine }, { metadata: spoofed }))).toBe('OK');
    await expect(rival.clients.audit.getRecord({ eventId: onlyMine })).rejects.toMatchObject({
      codeName: 'NOT_FOUND',
      reason: 'RECORD_NOT_FOUND',
    });
    expect((await acme.clients.audit.getRecord({ eventId: onlyMine })).record).toBeDefined();
  });
});

describe('malformed data', () => {
  const { columns, rows } = outcomes(1, 1_000);
  const good = rows[0]?.values ?? [];
  const spoilt = (column: string, value: (typeof good)[number]) => ({
    values: good.map((old, index) => (columns[index] === column ? value : old)),
  });

  it('lands in quarantine row by row, and the rest of its batch is taken', async () => {
    const bad = [
      spoilt('flight_id', {}),
      spoilt('flight_id', int(2n ** 63n - 1n)),
      spoilt('date', instant(2n ** 63n - 1n)),
      spoilt('date', instant(-(2n ** 63n))),
      spoilt('delay', { kind: { case: 'doubleValue', value: Number.NaN } }),
      spoilt('distance', int(0n)),
      spoilt('origin', text('A\0L')),
      spoilt('origin', text('A'.repeat(500_000))),
      spoilt('origin', { kind: { case: 'boolValue', value: true } }),
    ];
    const { features } = acme.clients;
    const before = await features.listQuarantine({ source: 'outcomes', pageSize: 1 });
    const taken = await features.ingestRows({
      ...{ source: 'outcomes', columns, batchId: randomUUID() },
      rows: [...bad, { values: good }],
    });
    expect(taken).toMatchObject({ rowsAccepted: 1n, rowsQuarantined: BigInt(bad.length) });
    const after = await features.listQuarantine({ source: 'outcomes', pageSize: 100 });
    expect(after.total - before.total).toBe(BigInt(bad.length));
  });

  it.each([
    ['an unknown source', { source: 'nothing' }, 'SOURCE_NOT_FOUND'],
    ['an unknown column', { columns: ['colour'] }, 'ROWS_INVALID'],
    ['a column twice', { columns: ['date', 'date'] }, 'ROWS_INVALID'],
    ['rows of uneven length', { columns: ['date'] }, 'ROWS_INVALID'],
    ['no row', { rows: [] }, 'ROWS_INVALID'],
    ['a batch id with U+0000', { batchId: 'a\0b' }, 'ROWS_INVALID'],
  ])('with %s is refused as a whole', async (_what, change, reason) => {
    const batch = { source: 'outcomes', columns, rows, batchId: randomUUID(), ...change };
    await expect(acme.clients.features.ingestRows(batch)).rejects.toMatchObject({ reason });
  });

  it('in files is refused, and no file is read outside the permitted directories', async () => {
    const inbox = join(platform.home, 'inbox');
    const cut = join(inbox, 'cut.parquet');
    await writeCorruptedFlights(cut);
    truncateSync(cut, 400);
    const ingest = async (path: string) => {
      const reports = acme.clients.features.ingestFile({ source: 'outcomes', path }, { timeoutMs: 20_000 });
      for await (const _report of reports) continue;
    };
    await expect(ingest(cut)).rejects.toMatchObject({ reason: 'FILE_MALFORMED' });
    await expect(ingest(join(inbox, '../service-secret'))).rejects.toMatchObject({
      reason: 'FILE_NOT_FOUND',
    });
  });
});

describe('a corrupted model', () => {
  it('is not taken into service, and the version before it keeps answering, until the object is restored', async () => {
    const { clients: on, champion } = acme;
    const { digest, files } = await registerVersion(on, objects, 'second');
    const model = files.find(({ path }) => path === 'model.onnx');
    const path = await objects.path(model?.digest ?? '');
    const sound = readFileSync(path);
    const corrupt = Buffer.from(sound);
    corrupt[100] = (corrupt[100] ?? 0) ^ 0xff;
    writeFileSync(path, corrupt);

    const epoch = await release(on, digest, champion);
    const statusOf = async () =>
      (await on.inference.getStatus({})).versions.find((version) => version.digest === digest);
    const failed = await until(
      'the load failing',
      statusOf,
      (version) => version?.failureReason !== '' && version !== undefined,
    );
    expect(failed).toMatchObject({ state: VersionState.FAILED, failureReason: 'ARTIFACT_CORRUPT' });
    expect(DOCUMENTED).toContain('DATA_LOSS/ARTIFACT_CORRUPT');
    await expect(on.traffic.waitForEpoch({ epoch }, { timeoutMs: 60_000 })).rejects.toMatchObject({
      reason: 'VERSION_NOT_LOADABLE',
    });
    expect(verdict(await predict())).toBe('OK');

    // A replica that starts anew meets the corrupt file too, and serves what is sound.
    process.kill(pidOf('inference'), 'SIGKILL');
    await until(
      'predictions being answered again',
      () => predict(),
      ({ code }) => code === 'OK',
    );
    expect(await until('the load failing again', statusOf, (version) => version !== undefined)).toMatchObject(
      {
        failureReason: 'ARTIFACT_CORRUPT',
      },
    );

    writeFileSync(path, sound);
    await until(
      'the restored version being loaded',
      statusOf,
      (version) => version?.state === VersionState.READY,
    );
  });
});

describe('an outage', () => {
  /** Every id that was asked for, whatever came of it. */
  const asked: string[] = [];

  async function ask(deadlineMs = 1_500): Promise<Outcome> {
    const predictionId = randomUUID();
    asked.push(predictionId);
    return predict({ predictionId }, { deadlineMs, metadata: withKey(rival) });
  }

  /** Longer than any machine takes for what does not hang. */
  const LONG_MS = 60_000;
  /** A server that hangs is told from a slow one by time alone; one that is gone is known at once. */
  const HANGING = ['DEADLINE_EXCEEDED', 'UNAVAILABLE'];
  const GONE = ['UNAVAILABLE'];

  async function answersAgain(): Promise<void> {
    await until(
      'predictions being answered again',
      () => ask(LONG_MS),
      ({ code }) => code === 'OK',
    );
  }

  const control = (timeoutMs: number): Readonly<Record<string, () => Promise<unknown>>> => {
    const { features, registry, monitor, audit, trainer } = rival.clients;
    const within = { timeoutMs };
    return {
      'reading definitions': () => features.getDefinitions({}, within),
      'ingesting rows': () => features.ingestRows({ ...outcomes(1, 2_000), batchId: randomUUID() }, within),
      'listing versions': () => registry.listVersions({ model: MODEL }, within),
      'creating a model': () => registry.createModel({ model: 'another' }, within),
      'counting predictions': () => monitor.getCounts({ model: MODEL }, within),
      'counting records': () => audit.countRecords({}, within),
      'asking for a job': () => trainer.getJob({ jobId: randomUUID() }, within),
    };
  };

  async function expectRefusals(codes: readonly string[], timeoutMs: number): Promise<void> {
    const refusals = Object.entries(control(timeoutMs)).map(async ([what, call]) => {
      const error: unknown = await call().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      const { codeName = 'OK', reason = '' } = (error ?? {}) as { codeName?: string; reason?: string };
      expect([what, codes.includes(codeName), DOCUMENTED.has(`${codeName}/${reason}`)]).toEqual([
        what,
        true,
        true,
      ]);
    });
    await Promise.all(refusals);
  }

  it('of a Postgres that hangs makes calls fail in time with a reason, and ends with it', async () => {
    const thaw = servers.freezePostgres();
    try {
      await expectRefusals(HANGING, 1_500);
      expect(HANGING).toContain((await ask()).code);
    } finally {
      thaw();
    }
    await answersAgain();
  });

  it('of a Postgres that was killed makes calls fail UNAVAILABLE with a reason, and ends with it', async () => {
    const restart = await servers.killPostgres();
    await expectRefusals(GONE, LONG_MS);
    const outcome = await ask(LONG_MS);
    expect(GONE).toContain(outcome.code);
    expect(DOCUMENTED).toContain(verdict(outcome));
    await restart();
    await answersAgain();
  });

  it('of the broker holds nobody up: what it should have carried follows when it is back', async () => {
    const restart = await servers.killNats();
    for (let count = 0; count < 20; count++) expect(verdict(await ask(LONG_MS))).toBe('OK');
    const readiness = await fetch(`http://127.0.0.1:${basePort + 41}/readyz`);
    expect(readiness.status).toBe(503);
    await restart();
  });

  it('loses nothing that was acknowledged: retries under the same ids make every record exactly once', async () => {
    for (const predictionId of asked) {
      const outcome = await predict({ predictionId }, { metadata: withKey(rival) });
      expect(verdict(outcome)).toBe('OK');
    }
    const { audit, monitor } = rival.clients;
    const { counts } = await until(
      'every record becoming a leaf',
      () => audit.countRecords({}),
      ({ counts: all }) => all.every(({ leaves, records }) => leaves === records),
    );
    const predictions = counts.find(({ kind }) => kind === RecordKind.PREDICTION);
    expect(predictions?.records).toBe(predictions?.distinctIds);
    expect(Number(predictions?.records)).toBeGreaterThanOrEqual(asked.length);
    const seen = await until(
      'the monitor catching up',
      () => monitor.getCounts({ model: MODEL }),
      (counted) => counted.predictions === predictions?.records,
    );
    expect(seen.predictions).toBe(predictions?.records);
  });
});
