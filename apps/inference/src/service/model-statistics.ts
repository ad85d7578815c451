import { requireTenant, type Handler } from '@plumbline/rpc';
import type { GRPCInferenceService } from '@plumbline/contract-oip';
import type { ServingVersion } from '../domain/versions/find-version.ts';
import type { CountedTime, StatisticsSnapshot } from '../domain/batching/statistics.ts';
import { compareOwners } from '../domain/traffic.ts';
import { goesOnAnswering, ownedReports, type OwnedReport } from '../domain/versions/version-reports.ts';
import type { VersionTable } from '../domain/versions/version-table.ts';

type ModelStatistics = Handler<(typeof GRPCInferenceService)['method']['modelStatistics']>;

/**
 * What versions have done since they were first loaded, also those that are unloaded for memory now: one; without a
 * version all of a model; without a name all of the tenant's. A version that several tenants or models have counts the
 * work for all of them.
 */
export function modelStatistics(table: VersionTable): ModelStatistics {
  return ({ name, version }, context) => {
    const tenant = requireTenant(context);
    return { modelStats: asked(table, tenant, name, version).flatMap(statisticsOf) };
  };
}

/** @throws ServiceError MODEL_NOT_FOUND, MODEL_NOT_READY or MODEL_UNLOADED, where a name is given and nothing of it was ever loaded. */
function asked(table: VersionTable, tenant: string, name: string, version: string): readonly OwnedReport[] {
  const owned = ownedReports(table.reports(), tenant, name).filter(
    ({ report }) => report.serving !== undefined || goesOnAnswering(report),
  );
  if (name !== '' && (version !== '' || owned.length === 0)) {
    const { facts, owner } = table.describe(tenant, name, version);
    const report = table.reports().find((one) => one.version.digest === facts.digest);
    return report === undefined ? [] : [{ report, owner }];
  }
  return owned.toSorted((left, right) => compareOwners(left.owner, right.owner));
}

function statisticsOf({ report: { statistics, serving }, owner }: OwnedReport) {
  if (statistics === undefined) return [];
  const snapshot = statistics.snapshot();
  return [
    {
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
      memoryUsage: serving === undefined ? [] : memoryUsageOf(serving),
    },
  ];
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

function memoryUsageOf({ memory }: ServingVersion) {
  return [...memory].map(([device, bytes]) => {
    const gpu = /^cuda:(\d+)$/.exec(device)?.[1];
    return { type: gpu === undefined ? 'CPU' : 'GPU', id: BigInt(gpu ?? 0), byteSize: BigInt(bytes) };
  });
}
