import { describe, expect, it } from '@jest/globals';
import { create } from '@bufbuild/protobuf';
import { TrafficSnapshotSchema } from '@plumbline/contract-registry';
import { Code, ServiceError } from '@plumbline/errors';
import { formatSignature } from '@plumbline/signature';
import { silentLog } from '@plumbline/testing';
import { compileTable } from './routing-table.ts';

const SIGNATURE = formatSignature({
  featureService: 'flights',
  featureServiceVersion: 1,
  inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 1] }],
  outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 1] }],
});

const snapshot = create(TrafficSnapshotSchema, {
  epoch: 3n,
  routes: [{ tenant: 'acme', route: { name: 'delay', model: 'delay' }, salt: 's' }],
  versions: ['good', 'bad'].map((digest) => ({
    tenant: 'acme',
    model: 'delay',
    digest,
    number: 1,
    files: [{ path: 'signature.json', digest: `${digest} signature`, sizeBytes: 1n }],
  })),
});

const reading = (bad: () => Promise<Uint8Array>) => (digest: string) =>
  digest === 'good signature' ? Promise.resolve(Buffer.from(SIGNATURE)) : bad();

describe('the routing table', () => {
  it.each([
    ['no signature', async () => Buffer.from('{')],
    ['gone', () => Promise.reject(new ServiceError(Code.NOT_FOUND, 'OBJECT_NOT_FOUND', 'no such object'))],
  ])('keeps everyone’s routes when the signature of one version is %s', async (_what, bad) => {
    const table = await compileTable(snapshot, undefined, reading(bad), silentLog);
    expect(table.route('acme', 'delay')).toMatchObject({ model: 'delay', auditClass: 'standard' });
    expect(table.signature('good')?.inputs[0]?.name).toBe('x');
    expect(table.signature('bad')).toBeUndefined();
  });

  it('is not compiled while the object store is away, for the next look may find it', async () => {
    const away = () => Promise.reject(new Error('the store is away'));
    await expect(compileTable(snapshot, undefined, reading(away), silentLog)).rejects.toThrow('away');
  });

  it('reads no signature twice', async () => {
    const first = await compileTable(
      snapshot,
      undefined,
      reading(async () => Buffer.from(SIGNATURE)),
      silentLog,
    );
    const never = () => Promise.reject(new Error('read again'));
    const second = await compileTable({ ...snapshot, epoch: 4n }, first, never, silentLog);
    expect(second.signature('bad')).toBe(first.signature('bad'));
  });
});
