import { readFile } from 'node:fs/promises';
import { fromJson, toBinary, fromBinary, toJson, type DescMethod, type JsonValue } from '@bufbuild/protobuf';
import { describe, expect, it } from '@jest/globals';
import { RegistryService, TenantService, TrafficService } from '@plumbline/contract-registry';
import { createChannel, rawUnary, serviceToken } from '@plumbline/rpc';
import { manifestDigest } from '@plumbline/release';
import { putFiles, startRegistry, type Harness } from './harness.ts';

interface Recorded {
  readonly method: string;
  readonly request: JsonValue;
  /** What the consumer relies on: a part of the response. */
  readonly response: object;
}

const METHODS = new Map(
  [RegistryService, TenantService, TrafficService].flatMap((service) =>
    service.methods.map((method): [string, DescMethod] => [`${service.typeName}/${method.name}`, method]),
  ),
);

/** The consumer's requests in order, with the digests of what this test stored in place of what it stored. */
async function recordedBy(consumer: string, harness: Harness): Promise<Recorded[]> {
  const text = await readFile(new URL(`recorded/${consumer}.json`, import.meta.url), 'utf8');
  const files = await putFiles(harness.objects, 'recorded');
  const refs = JSON.stringify(files.map((file) => ({ ...file, sizeBytes: file.sizeBytes.toString() })));
  return JSON.parse(
    text.replaceAll('"$files"', refs).replaceAll('$digest', manifestDigest(files)),
  ) as Recorded[];
}

describe('the contract with', () => {
  it.each(['trainer', 'inference', 'gateway'])('%s holds', async (consumer) => {
    const harness = await startRegistry();
    await harness.as('operator').registry.createModel({ model: 'flight_delay' });
    const authorization = serviceToken(consumer, 'test-secret');
    const channel = createChannel(harness.address, {
      metadata: () => ({ authorization, 'plumbline-tenant': 'acme' }),
    });
    try {
      for (const { method, request, response } of await recordedBy(consumer, harness)) {
        const { input, output } = METHODS.get(method) as DescMethod;
        const sent = toBinary(input, fromJson(input, request));
        const answer = await rawUnary(channel, method, sent, { timeoutMs: 5_000 });
        const received = toJson(output, fromBinary(output, answer.response), { alwaysEmitImplicit: true });
        expect(received).toMatchObject(response);
      }
    } finally {
      channel.close();
      await harness.close();
    }
  });
});
