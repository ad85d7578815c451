import { join } from 'node:path';
import { connectEvents } from '@plumbline/events';
import { fileObjects } from '@plumbline/objects';
import { createChannel, serviceToken } from '@plumbline/rpc';
import { SnapshotFollower, snapshotFile, type Scope } from '@plumbline/service';
import type { InferenceConfig } from '../config.ts';
import type { Listing } from '../domain/traffic.ts';
import type { VersionSource } from '../domain/versions/version-source.ts';
import { loadStateOf } from '../domain/versions/version-reports.ts';
import type { VersionTable } from '../domain/versions/version-table.ts';
import { followTrafficHints } from '../events/traffic-changed.ts';
import { listingCodec } from '../store/listing-snapshot.ts';
import { registryTraffic } from '../store/registry-traffic.ts';
import type { Origin } from './origin.ts';

const REGISTRY_TIMEOUT_MS = 2_000;

/** Versions that the registry lists, in the platform's object store. */
export function registryOrigin(scope: Scope<InferenceConfig>, replicaId: string): Origin {
  const { config: values } = scope;
  return {
    contents: fileObjects(values.objectsDir),
    graceMs: values.unloadGraceMs,
    follow: (table, onLook) => ({
      source: registrySource(scope, table, replicaId, onLook),
      repository: undefined,
    }),
  };
}

function registrySource(
  scope: Scope<InferenceConfig>,
  table: VersionTable,
  replicaId: string,
  onLook: () => void,
): VersionSource {
  const follower = snapshotFollower(scope, table, replicaId, () => {
    table.advance();
    onLook();
  });
  const kick = () => follower.kick();
  return {
    get known() {
      return follower.known;
    },
    async start() {
      const { config, log } = scope;
      const events = await connectEvents({ url: config.natsUrl, service: 'inference', log });
      const bus = scope.adopt(events, 'events');
      await follower.start();
      scope.adopt(followTrafficHints(bus, kick), 'hints');
    },
    kick,
    close: () => follower.close(),
  };
}

function snapshotFollower(
  scope: Scope<InferenceConfig>,
  table: VersionTable,
  replicaId: string,
  onLook: () => void,
): SnapshotFollower<Listing> {
  const { config: values, log } = scope;
  const address = values.registryAddress;
  // Its absence is refused with the configuration wherever the registry is followed.
  const authorization = serviceToken('inference', values.serviceSecret as string);
  const channel = createChannel(address, { metadata: () => ({ authorization }) });
  scope.adopt({ close: () => channel.close() }, 'registry channel');
  return new SnapshotFollower({
    source: registryTraffic(channel, replicaId, REGISTRY_TIMEOUT_MS, () => loadStateOf(table.reports())),
    store: snapshotFile(join(values.stateDir, 'traffic-snapshot.pb'), listingCodec, (error) => {
      log.warn({ error }, 'the saved traffic snapshot cannot be read and is ignored');
    }),
    takeUp: (listing) => table.follow(listing),
    intervalMs: values.followIntervalMs,
    onLook,
    onReach: (reachable, error) => {
      if (reachable) log.info({ address }, 'the registry answers');
      else log.warn({ address, error }, 'the registry is away; versions stay as they are');
    },
  });
}
