import type { ReplicaState, TrafficPlan } from '@plumbline/release';
import type { ModelVersion } from './version.ts';

export type AuditClass = 'standard' | 'mandatory';
export type PayloadPolicy = 'full' | 'sampled' | 'none';

/** How callers reach a model, as declared. */
export interface Route {
  readonly name: string;
  readonly model: string;
  readonly alias: string;
  /** Empty: predictions by entity key are not offered. */
  readonly featureService: string;
  /** 0: the newest. */
  readonly featureServiceVersion: number;
  readonly auditClass: AuditClass;
  readonly payloadPolicy: PayloadPolicy;
  /** Share of keys whose payload is kept under `sampled`, in basis points. */
  readonly payloadSampleBp: number;
}

/** A route with what it asks for and what gateways follow. */
export interface RouteTraffic {
  readonly tenant: string;
  readonly route: Route;
  /** Salt of the sticky hash. */
  readonly salt: string;
  readonly desired: TrafficPlan;
  readonly plan: TrafficPlan;
  /** Digests that the desired plan waits for. */
  readonly waitingFor: readonly string[];
  /** The epoch of the change that made `desired` what it is. */
  readonly requestedEpoch: bigint;
  /** The epoch that carries `plan`. */
  readonly effectiveEpoch: bigint;
}

export interface LoadFailure {
  readonly digest: string;
  readonly reason: string;
  readonly detail: string;
}

/** A gateway or an inference replica with its lease. */
export interface Replica extends ReplicaState {
  readonly id: string;
  readonly failures: readonly LoadFailure[];
}

export interface KeptVersion extends Pick<ModelVersion, 'model' | 'digest' | 'number' | 'files'> {
  readonly tenant: string;
}

export interface PublishedKey {
  readonly tenant: string;
  readonly id: string;
  readonly name: string;
  readonly secretSha256: Uint8Array;
  readonly scopes: readonly string[];
}

/** Everything that gateways and inference replicas follow, at one epoch. */
export interface TrafficSnapshot {
  readonly epoch: bigint;
  readonly routes: readonly RouteTraffic[];
  readonly versions: readonly KeptVersion[];
  readonly apiKeys: readonly PublishedKey[];
}

/** A tenant's part of the traffic tables. Changes happen after `Traffic.nextEpoch`, which serialises them. */
export interface Routes {
  byName(name: string): Promise<RouteTraffic | undefined>;
  ofModel(model: string): Promise<RouteTraffic[]>;
  put(route: RouteTraffic): Promise<void>;
}

/** The versions that inference replicas keep loaded. */
export interface KeptVersions {
  /** Digests kept for the model, those about to be let go included. */
  ofModel(model: string): Promise<{ readonly digest: string; readonly released: boolean }[]>;
  keep(model: string, digest: string): Promise<void>;
  /** Let go once every gateway acts by `epoch`, from which on no route names it. */
  release(model: string, digest: string, epoch: bigint): Promise<void>;
}

/** The part of the traffic tables that spans tenants. */
export interface Traffic {
  epoch(): Promise<bigint>;
  /** The epoch, and whether any route waits or any version is about to be dropped. */
  pulse(): Promise<{ readonly epoch: bigint; readonly unsettled: boolean }>;
  /** Increments the epoch and holds it until the transaction ends: traffic changes one transaction at a time. */
  nextEpoch(): Promise<bigint>;
  /** Locks the epoch without changing it. */
  hold(): Promise<bigint>;
  /** Replicas with a lease that has not expired. */
  replicas(nowUs: bigint): Promise<Replica[]>;
  /** Also forgets leases that expired long ago. */
  renew(replica: Replica, expiresAtUs: bigint): Promise<void>;
  leave(replicaId: string): Promise<void>;
  /** Routes that wait for versions, of every tenant. */
  waitingRoutes(): Promise<RouteTraffic[]>;
  /** Routes of every tenant whose desired plan was made by this epoch. */
  routesRequestedBy(epoch: bigint): Promise<RouteTraffic[]>;
  settle(route: RouteTraffic): Promise<void>;
  /** Versions let go at this epoch or before. */
  releasedBy(epoch: bigint): Promise<number>;
  /** Forgets them. */
  drop(epoch: bigint): Promise<void>;
  snapshot(): Promise<TrafficSnapshot>;
}
