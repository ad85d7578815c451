import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { manifestDigest } from '@plumbline/release';
import { putFiles, registerVersion, sha256, startRegistry, type Clients, type Harness } from './harness.ts';

let harness: Harness;
let operator: Clients;
beforeAll(async () => {
  harness = await startRegistry();
  operator = harness.as('operator');
  await operator.registry.createModel({ model: 'flights' });
});
afterAll(() => harness.close());

describe('RegisterVersion', () => {
  it('names a version by the digest of its manifest and numbers it', async () => {
    const version = await registerVersion(harness, 'flights', 'first');
    expect(version.digest).toBe(manifestDigest(await putFiles(harness.objects, 'first')));
    expect(version).toMatchObject({ number: 1, registeredBy: 'service:trainer' });
    expect(version.files.map(({ path }) => path)).toEqual(version.files.map(({ path }) => path).sort());
  });

  it('is idempotent on the content, in whatever order the files come', async () => {
    const first = await registerVersion(harness, 'flights', 'again');
    const files = (await putFiles(harness.objects, 'again')).reverse();
    const again = await operator.registry.registerVersion({ model: 'flights', files });
    expect(again.existed).toBe(true);
    expect(again.version).toEqual(first);
  });

  it('numbers concurrent versions without gaps or repeats', async () => {
    await operator.registry.createModel({ model: 'busy' });
    const versions = await Promise.all(
      Array.from({ length: 8 }, (_, index) => registerVersion(harness, 'busy', `busy ${index}`)),
    );
    expect(versions.map(({ number }) => number).sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('refuses a file whose stored bytes were corrupted', async () => {
    const files = await putFiles(harness.objects, 'corrupt');
    const model = files[0]?.digest ?? '';
    const path = join(harness.objectsDir, 'sha256', model.slice(7, 9), model.slice(9));
    const bytes = await readFile(path);
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    await writeFile(path, bytes);
    await expect(operator.registry.registerVersion({ model: 'flights', files })).rejects.toMatchObject({
      codeName: 'FAILED_PRECONDITION',
      reason: 'ARTIFACT_CORRUPT',
      metadata: { path: 'model.onnx', digest: model },
    });
  });

  it('refuses a file that is not stored, and one of another size', async () => {
    const files = await putFiles(harness.objects, 'claims');
    const absent = files.map((file) =>
      file.path === 'golden.pb' ? { ...file, digest: sha256('no') } : file,
    );
    const longer = files.map((file) => ({ ...file, sizeBytes: file.sizeBytes + 1n }));
    const register = (some: object[]) => operator.registry.registerVersion({ model: 'flights', files: some });
    await expect(register(absent)).rejects.toMatchObject({
      codeName: 'NOT_FOUND',
      reason: 'ARTIFACT_NOT_FOUND',
      metadata: { path: 'golden.pb' },
    });
    await expect(register(longer)).rejects.toMatchObject({ reason: 'ARTIFACT_CORRUPT' });
  });

  it('refuses paths that leave the bundle, missing files and unknown models', async () => {
    const files = await putFiles(harness.objects, 'paths');
    const outside = [{ ...files[0], path: '../model.onnx' }, ...files.slice(1)];
    const register = (model: string, some: object[]) =>
      operator.registry.registerVersion({ model, files: some });
    await expect(register('flights', outside)).rejects.toMatchObject({
      reason: 'REQUEST_INVALID',
      fieldViolations: [{ field: 'files[0]' }],
    });
    await expect(register('flights', files.slice(1))).rejects.toMatchObject({ reason: 'VERSION_INCOMPLETE' });
    await expect(register('unknown', files)).rejects.toMatchObject({ reason: 'MODEL_NOT_FOUND' });
  });
});

describe('GetVersion and ListVersions', () => {
  it('finds a version by digest and number, and not in another tenant', async () => {
    const { digest, number } = await registerVersion(harness, 'flights', 'found');
    const byDigest = await operator.registry.getVersion({
      model: 'flights',
      which: { case: 'digest', value: digest },
    });
    const byNumber = await operator.registry.getVersion({
      model: 'flights',
      which: { case: 'number', value: number },
    });
    expect(byDigest).toEqual(byNumber);
    const stranger = harness.as('operator', { 'plumbline-tenant': 'other' });
    await expect(
      stranger.registry.getVersion({ model: 'flights', which: { case: 'digest', value: digest } }),
    ).rejects.toMatchObject({ reason: 'VERSION_NOT_FOUND' });
  });

  it('pages newest first', async () => {
    await operator.registry.createModel({ model: 'paged' });
    for (const content of ['a', 'b', 'c']) await registerVersion(harness, 'paged', content);
    const first = await operator.registry.listVersions({ model: 'paged', pageSize: 2 });
    const second = await operator.registry.listVersions({
      model: 'paged',
      pageSize: 2,
      pageToken: first.nextPageToken,
    });
    expect(first.versions.map(({ number }) => number)).toEqual([3, 2]);
    expect(second.versions.map(({ number }) => number)).toEqual([1]);
    expect(second.nextPageToken).toBe('');
    await expect(operator.registry.listVersions({ model: 'paged', pageToken: 'x' })).rejects.toMatchObject({
      reason: 'PAGE_TOKEN_INVALID',
    });
  });
});

describe('AttachEvidence', () => {
  const evidence = () => ({
    ...{ evidenceId: randomUUID(), kind: 'evaluation', datasetDigest: sha256('data') },
    metrics: [{ name: 'roc_auc', value: 0.7, lower: NaN, upper: NaN, n: 10n }],
  });

  it('keeps evidence as it came, NaN included, and is idempotent', async () => {
    const { digest } = await registerVersion(harness, 'flights', 'judged');
    const given = evidence();
    const attach = () => operator.registry.attachEvidence({ model: 'flights', digest, evidence: given });
    expect((await attach()).existed).toBe(false);
    expect((await attach()).existed).toBe(true);
    const { version } = await operator.registry.getVersion({
      model: 'flights',
      which: { case: 'digest', value: digest },
    });
    expect(version?.evidence).toMatchObject([{ ...given, metrics: [{ lower: NaN, value: 0.7 }] }]);
  });

  it('refuses the same id for other evidence', async () => {
    const { digest } = await registerVersion(harness, 'flights', 'judged twice');
    const given = evidence();
    await operator.registry.attachEvidence({ model: 'flights', digest, evidence: given });
    await expect(
      operator.registry.attachEvidence({
        ...{ model: 'flights', digest },
        evidence: { ...given, metrics: [{ name: 'roc_auc', value: 0.9, n: 10n }] },
      }),
    ).rejects.toMatchObject({ codeName: 'ALREADY_EXISTS', reason: 'EVIDENCE_CONFLICT' });
  });

  it('names every fault of what it refuses', async () => {
    const { digest } = await registerVersion(harness, 'flights', 'misjudged');
    const bad = { evidenceId: 'x', kind: 'rumour' };
    await expect(
      operator.registry.attachEvidence({ model: 'flights', digest, evidence: bad }),
    ).rejects.toMatchObject({
      reason: 'REQUEST_INVALID',
      fieldViolations: [
        { field: 'evidence.evidence_id' },
        { field: 'evidence.kind' },
        { field: 'evidence', description: 'measures nothing' },
      ],
    });
  });

  it('keeps no texts of any length, and none that no column can hold', async () => {
    const { digest } = await registerVersion(harness, 'flights', 'verbose');
    const attach = (datasetDigest: string, slice: string) =>
      operator.registry.attachEvidence({
        ...{ model: 'flights', digest },
        evidence: { ...evidence(), datasetDigest, metrics: [{ name: 'roc_auc', value: 0.9, n: 10n, slice }] },
      });
    await expect(attach('x'.repeat(256), 'x'.repeat(256))).rejects.toMatchObject({
      reason: 'REQUEST_INVALID',
      fieldViolations: [{ field: 'evidence.dataset_digest' }, { field: 'evidence.metrics[0].slice' }],
    });
    await expect(attach('', 'a\0b')).rejects.toMatchObject({
      codeName: 'INVALID_ARGUMENT',
      reason: 'TEXT_NOT_STORABLE',
    });
  });
});

describe('the tables', () => {
  it.each(['versions', 'evidence', 'releases', 'gate_decisions'])('refuse to change %s', async (table) => {
    await expect(harness.database.query(`DELETE FROM ${table}`)).rejects.toThrow('append-only');
    await expect(harness.database.query(`UPDATE ${table} SET tenant = tenant`)).rejects.toThrow(
      'append-only',
    );
  });
});
