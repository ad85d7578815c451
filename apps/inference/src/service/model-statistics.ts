import { requireTenant, type Handler } from '@plumbline/rpc';
import type { GRPCInferenceService } from '@plumbline/contract-oip';
import type { FoundVersion, ServingVersion } from '../domain/versions/find-version.ts';
import type { CountedTime, StatisticsSnapshot } from '../domain/batching/statistics.ts';
import { compareOwners } from '../domain/traffic.ts';
import type { VersionTable } from '../domain/versions/version-table.ts';

type ModelStatistics = Handler<(typeof GRPCInferenceService)['method']['modelStatistics']>;

/**
 * What versions have done since they were loaded: one; without a version all loaded ones of a model; without a name all
 * of the tenant's. A version that several tenants or models have counts the work for all of them.
 */
export function modelStatistics(table: VersionTable): ModelStatistics {
  return ({ name, version }, context) => {
    const tenant = requireTenant(context);
    return { modelStats: asked(table, tenant, name, version).map(statisticsOf) };
  };
}

/** @throws ServiceError MODEL_NOT_FOUND, MODEL_NOT_READY or MODEL_UNLOADED, where a name is given and nothing of it answers. */
function asked(table: VersionTable, tenant: string, name: string, version: string): FoundVersion[] {
  if (version !== '' && name !== '') return [table.peek(tenant, name, version)];
  const found = table
    .reports()
    .flatMap(({ serving, version: { owners } }) =>
      serving === undefined
        ? []
        : owners
            .filter((owner) => owner.tenant === tenant && (name === '' || owner.model === name))
            .map((owner) => ({ serving, owner })),
    );
  if (found.length === 0 && name !== '') return [table.peek(tenant, name, version)];
  return found.sort((left, right) => compareOwners(left.owner, right.owner));
}

function statisticsOf({ serving, owner }: FoundVersion) {
  const snapshot = serving.statistics.snapshot();
  return {
    name: owner.model,
    version: String(owner.number),
    lastInference: BigInt(snapshot.lastInferenceMs),
    inferenceCount: BigInt(snapshot.inferenceCount),
    executionCount: BigInt(snapshot.executionCount),
    inferenceStats: durationsOf(snapshot),
    batchStats: snapshot.batches.map(({ rows, computeInput, computeInfer, computeOutput }) => ({
      batchSize: BigInt(rows),
      computeInput: duration(computeInput),
      computeInfer: duration(computeInfer),
      computeOutput: duration(computeOutput),
    })),
    memoryUsage: memoryOf(serving),
  };
}

function durationsOf(snapshot: StatisticsSnapshot) {
  return {
    success: duration(snapshot.success),
    fail: duration(snapshot.fail),
    queue: duration(snapshot.queue),
    computeInput: duration(snapshot.computeInput),
    computeInfer: duration(snapshot.computeInfer),
    computeOutput: duration(snapshot.computeOutput),
    cacheHit: duration(snapshot.cacheHit),
    cacheMiss: duration(snapshot.cacheMiss),
  };
}

function duration({ count, ns }: CountedTime) {
  return { count: BigInt(count), ns: BigInt(ns) };
}

function memoryOf({ memory }: ServingVersion) {
  return [...memory].map(([device, bytes]) => {
    const gpu = /^cuda:(\d+)$/.exec(device)?.[1];
    return { type: gpu === undefined ? 'CPU' : 'GPU', id: BigInt(gpu ?? 0), byteSize: BigInt(bytes) };
  });
}
