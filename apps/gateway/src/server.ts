import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { AuditService } from '@plumbline/contract-audit';
import { FeatureStoreService } from '@plumbline/contract-features';
import { PredictionService } from '@plumbline/contract-gateway';
import { GRPCInferenceService } from '@plumbline/contract-oip';
import { TrafficService, type TrafficSnapshot } from '@plumbline/contract-registry';
import { connectEvents } from '@plumbline/events';
import { fileObjects } from '@plumbline/objects';
import {
  authenticateServices,
  createChannel,
  createClient,
  createServer,
  implement,
  implementRaw,
  serviceToken,
  type Channel,
} from '@plumbline/rpc';
import {
  SnapshotFollower,
  snapshotFile,
  type ConfigValues,
  type Log,
  type Scope,
  type SnapshotFollowerOptions,
} from '@plumbline/service';
import { Counter, Gauge } from 'prom-client';
import type { config } from './config.ts';
import { RecentAnswers } from './domain/recent-answers.ts';
import type { RoutingTable } from './domain/routing.ts';
import { Shadow } from './domain/shadow.ts';
import { authenticateCallers } from './service/authenticate.ts';
import { handleModelInfer } from './service/model-infer.ts';
import { modelStatusHandlers } from './service/model-status.ts';
import { handlePredict } from './service/predict.ts';
import { recordRefusals } from './service/record-refusals.ts';
import { Spool } from './store/spool.ts';
import { Unshippable } from './store/unshippable.ts';
import { portsFor, shadowPorts } from './upstream/ports.ts';
import { Recorder } from './upstream/recorder.ts';
import { registryTraffic, trafficCodec } from './upstream/registry-traffic.ts';
import { shipRecords } from './upstream/ship-records.ts';
import { compileTable } from './upstream/routing-table.ts';

/** Wires a gateway and answers its gRPC port: channels to the services behind it, the record spool, the routes it follows, its own server. */
export async function build(scope: Scope<ConfigValues<typeof config>>): Promise<number> {
  const { config: settings, log, clock } = scope;
  const replicaId = `gateway-${randomUUID()}`;
  const token = serviceToken('gateway', settings.serviceSecret);
  const connect = (address: string, coalesce: boolean): Channel =>
    scope.adopt(
      createChannel(address, { coalesce, metadata: () => ({ authorization: token }) }),
      `channel to ${address}`,
    );

  const audit = createClient(AuditService, connect(settings.auditAddress, true));
  const features = createClient(FeatureStoreService, connect(settings.featureStoreAddress, true));
  const inference = connect(settings.inferenceAddress, true);
  const traffic = createClient(TrafficService, connect(settings.registryAddress, false));
  const objects = fileObjects(settings.objectsDir);

  const spool = scope.adopt(
    await Spool.open({
      directory: join(settings.stateDir, 'spool'),
      maxBytes: settings.spoolMaxBytes,
      onTrouble: (error, problem) => log.warn({ error }, problem),
    }),
    'record spool',
  );
  const unshippable = await Unshippable.open(
    join(settings.stateDir, 'unshippable'),
    settings.unshippableMaxBytes,
  );
  const recorder = new Recorder({
    audit,
    spool,
    recent: new RecentAnswers(settings.recentAnswersMaxBytes),
    producer: { producerId: `gateway:${hostname()}:${settings.grpcPort}`, epoch: clock.nowUs() },
  });
  let routes: RoutingTable | undefined;
  const table = () => routes;
  const follower = scope.adopt(
    followTraffic(settings.stateDir, log, {
      source: registryTraffic(traffic, replicaId),
      takeUp: async (snapshot) => {
        routes = await compileTable(snapshot, routes, (digest) => objects.get(digest), log);
      },
    }),
    'traffic follower',
  );
  const bus = scope.adopt(await connectEvents({ url: settings.natsUrl, service: 'gateway', log }), 'events');
  await follower.start();
  // A hint only says when to look: the snapshot itself is read from the registry.
  bus.subscribeHints('plumbline.registry.traffic-changed', () => follower.kick());

  const nowUs = () => clock.nowUs();
  const behind = { audit, features, inference, recorder, table, nowUs };
  const shadow = new Shadow((tenant, caller) => shadowPorts(behind, tenant, caller), {
    maxInFlight: settings.shadowMaxInFlight,
    onFailure: (error) => log.warn({ error }, 'a mirrored request failed'),
  });
  scope.onDrain(() => shadow.drain());
  const upstream = { ...behind, mirror: shadow.offer.bind(shadow) };
  const dependencies = { table, ports: portsFor.bind(undefined, upstream) };

  const refusals = new Counter({
    name: 'plumbline_gateway_refusals_total',
    help: 'Calls refused after authentication, by reason.',
    labelNames: ['reason'],
    registers: [scope.metrics],
  });
  const refusing = {
    nowUs,
    spool: recorder.spool.bind(recorder),
    count: (reason: string) => refusals.inc({ reason }),
  };
  const aside = new Counter({
    name: 'plumbline_gateway_unshippable_records_total',
    help: 'Records that audit will never take, by reason; kept in STATE_DIR/unshippable.',
    labelNames: ['reason'],
    registers: [scope.metrics],
  });
  observe(scope, spool, shadow);

  const server = scope.adopt(
    createServer({
      implementations: [
        implementRaw(
          PredictionService,
          { Predict: (request, context) => handlePredict(dependencies, request, context) },
          { countElements: true },
        ),
        implementRaw(GRPCInferenceService, {
          ModelInfer: (request, context) => handleModelInfer(dependencies, request, context),
        }),
        implement(GRPCInferenceService, modelStatusHandlers(table)),
      ],
      authenticate: authenticateCallers(table, authenticateServices(settings.serviceSecret)),
      interceptors: [recordRefusals(refusing)],
      limits: { perMethod: { 'plumbline.gateway.v1.PredictionService/Predict': { maxElements: 10_000 } } },
      log,
      metrics: scope.metrics,
    }),
    'gRPC server',
  );
  scope.onDrain((graceMs) => server.drain(graceMs));
  scope.readiness('routes', async () => {
    if (table() === undefined) throw new Error('no routes were ever read from the registry');
  });
  const ship = shipRecords({
    recorder,
    keep: unshippable.keep.bind(unshippable),
    log,
    count: (reason) => aside.inc({ reason }),
  });
  void spool.shipTo(ship, 256, 250);
  scope.servesWhenReady(server.health);
  const bound = await server.listen(settings.host, settings.grpcPort);
  log.info({ port: bound }, 'gRPC port is open');
  return bound;
}

/** Longest time between looks at the registry when no hint comes. */
const FOLLOW_INTERVAL_MS = 2_000;

function followTraffic(
  stateDir: string,
  log: Log,
  parts: Pick<SnapshotFollowerOptions<TrafficSnapshot>, 'source' | 'takeUp'>,
): SnapshotFollower<TrafficSnapshot> {
  return new SnapshotFollower({
    ...parts,
    store: snapshotFile(join(stateDir, 'traffic-snapshot.pb'), trafficCodec, (error) => {
      log.warn({ error }, 'the saved traffic snapshot cannot be read and is ignored');
    }),
    intervalMs: FOLLOW_INTERVAL_MS,
    onReach: (reachable, error) => {
      if (reachable) log.info({}, 'the registry answers');
      else log.warn({ error }, 'the registry is away; the last known routes stay in force');
    },
  });
}

function observe(scope: Pick<Scope, 'metrics'>, spool: Spool, shadow: Shadow): void {
  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({
      name,
      help,
      registers: [scope.metrics],
      collect() {
        this.set(value());
      },
    });
  gauge('plumbline_gateway_spool_entries', 'Records that wait for audit.', () => spool.backlog);
  gauge('plumbline_gateway_shadow_mirrored', 'Mirrored requests recorded.', () => shadow.counts.mirrored);
  gauge(
    'plumbline_gateway_shadow_shed',
    'Mirrored requests shed because too many ran.',
    () => shadow.counts.shed,
  );
  gauge('plumbline_gateway_shadow_failed', 'Mirrored requests that failed.', () => shadow.counts.failed);
}
