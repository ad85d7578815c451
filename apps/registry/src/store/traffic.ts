import type { JsonValue } from '@bufbuild/protobuf';
import { VersionSchema } from '@plumbline/contract-registry';
import { timestamp, type Queryable } from '@plumbline/sql';
import type {
  KeptVersion,
  LoadFailure,
  PublishedKey,
  Replica,
  Traffic,
  TrafficSnapshot,
} from '../domain/traffic.ts';
import { fileOf } from '../messages/measurement.ts';
import { messageOf } from './json.ts';
import { putRoute, selectRoutes } from './routes.ts';

interface ReplicaRow {
  readonly replica_id: string;
  readonly kind: Replica['kind'];
  readonly epoch: bigint;
  readonly loaded: string[];
  readonly failures: LoadFailure[];
}

export function trafficOf(tx: Queryable): Traffic {
  const epochBy = async (statement: string, name: string): Promise<bigint> => {
    const [row] = await tx.query<{ epoch: bigint }>(statement, [], { name });
    return (row as { epoch: bigint }).epoch;
  };
  return {
    epoch: () => epochBy('SELECT epoch FROM traffic_epoch', 'registry_epoch'),
    nextEpoch: () =>
      epochBy('UPDATE traffic_epoch SET epoch = epoch + 1 RETURNING epoch', 'registry_next_epoch'),
    hold: () => epochBy('SELECT epoch FROM traffic_epoch FOR UPDATE', 'registry_hold_epoch'),
    pulse: () => pulse(tx),
    replicas: (nowUs) => liveReplicas(tx, nowUs),
    renew: (replica, expiresAtUs) => renew(tx, replica, expiresAtUs),
    async leave(replicaId) {
      await tx.query('DELETE FROM replicas WHERE replica_id = $1', [replicaId]);
    },
    waitingRoutes: () => selectRoutes(tx, `waiting_for <> '{}'`),
    routesRequestedBy: (epoch) => selectRoutes(tx, 'requested_epoch = $1', epoch),
    settle: (route) => putRoute(tx, route),
    async releasedBy(epoch) {
      const [row] = await tx.query<{ count: bigint }>(
        'SELECT count(*) AS count FROM kept_versions WHERE released_epoch <= $1',
        [epoch],
      );
      return Number(row?.count ?? 0n);
    },
    async drop(epoch) {
      await tx.query('DELETE FROM kept_versions WHERE released_epoch <= $1', [epoch]);
    },
    snapshot: () => snapshot(tx),
  };
}

async function pulse(tx: Queryable): Promise<{ epoch: bigint; unsettled: boolean }> {
  const [row] = await tx.query<{ epoch: bigint; unsettled: boolean }>(
    `SELECT epoch, EXISTS (SELECT FROM routes WHERE waiting_for <> '{}')
       OR EXISTS (SELECT FROM kept_versions WHERE released_epoch IS NOT NULL) AS unsettled
     FROM traffic_epoch`,
    [],
    { name: 'registry_pulse' },
  );
  return row as { epoch: bigint; unsettled: boolean };
}

async function liveReplicas(tx: Queryable, nowUs: bigint): Promise<Replica[]> {
  const rows = await tx.query<ReplicaRow>(
    'SELECT replica_id, kind, epoch, loaded, failures FROM replicas WHERE expires_at > $1 ORDER BY replica_id',
    [timestamp(nowUs)],
    { name: 'registry_replicas' },
  );
  return rows.map(({ replica_id: id, kind, epoch, loaded, failures }) => ({
    id,
    kind,
    epoch,
    failures,
    loaded: new Set(loaded),
  }));
}

/** Keeps the table small: a lease that ran out this long ago is of no use even to a reader of the table. */
const FORGET_AFTER = '10 minutes';

async function renew(tx: Queryable, replica: Replica, expiresAtUs: bigint): Promise<void> {
  const { id, kind, epoch, loaded, failures } = replica;
  await tx.query(
    `WITH forgotten AS (DELETE FROM replicas WHERE expires_at < $6::timestamptz - interval '${FORGET_AFTER}')
     INSERT INTO replicas (replica_id, kind, epoch, loaded, failures, expires_at) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (replica_id) DO UPDATE SET kind = excluded.kind, epoch = excluded.epoch,
       loaded = excluded.loaded, failures = excluded.failures, expires_at = excluded.expires_at`,
    [id, kind, epoch, [...loaded], JSON.stringify(failures), timestamp(expiresAtUs)],
    { name: 'registry_renew' },
  );
}

async function snapshot(tx: Queryable): Promise<TrafficSnapshot> {
  const [row] = await tx.query<{ epoch: bigint }>('SELECT epoch FROM traffic_epoch');
  const routes = await selectRoutes(tx, 'true');
  const versions = await tx.query<Omit<KeptVersion, 'files'> & { content: JsonValue }>(
    `SELECT tenant, model, digest, number, content FROM kept_versions JOIN versions USING (tenant, model, digest)
     ORDER BY tenant, model, number`,
  );
  const apiKeys = await tx.query<PublishedKey>(
    `SELECT tenant, key_id AS id, name, secret_sha256 AS "secretSha256", scopes FROM api_keys
     WHERE revoked_at IS NULL ORDER BY tenant, created_at, key_id`,
  );
  return {
    epoch: (row as { epoch: bigint }).epoch,
    routes,
    versions: versions.map(({ content, ...version }) => ({
      ...version,
      files: messageOf(VersionSchema, content).files.map(fileOf),
    })),
    apiKeys,
  };
}
