import { randomUUID } from 'node:crypto';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { VersionState } from '@plumbline/contract-inference';
import { writeCorruptedFlights } from '../src/journey/corrupted-flights.ts';
import { until } from '../src/journey/retry.ts';
import { DOCUMENTED, verdict } from './hostile/documented-reasons.ts';
import { predict } from './hostile/predict.ts';
import { SmallPlatform } from './hostile/small-platform.ts';
import {
  instant,
  int,
  outcomes,
  registerVersion,
  release,
  text,
  type SmallTenant,
} from './hostile/small-tenant.ts';

let platform: SmallPlatform;
let acme: SmallTenant;

beforeAll(async () => {
  platform = await SmallPlatform.start();
  acme = await platform.createTenant('acme');
});
afterAll(() => platform.close());

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
    const { digest, files } = await registerVersion(on, platform.objects, 'second');
    const model = files.find(({ path }) => path === 'model.onnx');
    const path = await platform.objects.path(model?.digest ?? '');
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
    expect(verdict(await predict(platform.clientOf('gateway'), acme))).toBe('OK');

    // A replica that starts anew meets the corrupt file too, and serves what is sound.
    process.kill(platform.pidOf('inference'), 'SIGKILL');
    await until(
      'predictions being answered again',
      () => predict(platform.clientOf('gateway'), acme),
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
