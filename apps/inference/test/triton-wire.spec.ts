import type { MessageInitShape } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ModelInferRequestSchema } from '@plumbline/contract-oip';
import { buildModel } from '@plumbline/onnx';
import { rawUnary } from '@plumbline/rpc';
import { decodeBytesElements, encodeElements } from '@plumbline/tensors';
import { halfModel, timesModel } from './models.ts';
import { modelFolder, startStandalone, type Standalone } from './standalone.ts';

type Request = MessageInitShape<typeof ModelInferRequestSchema>;

let server: Standalone;

beforeAll(async () => {
  const { root } = await modelFolder({
    'double/1/model.onnx': timesModel(2, 3),
    'half/1/model.onnx': halfModel(),
    'echo/1/model.onnx': echoModel(),
  });
  server = await startStandalone(root);
  await server.ready();
});
afterAll(() => server.stop());

/** y = x, texts. */
function echoModel(): Uint8Array {
  const tensor = (name: string) => ({ name, datatype: 'BYTES', shape: [-1, 2] });
  return buildModel({
    name: 'echo',
    producer: { name: 'plumbline-test', version: '' },
    inputs: [tensor('x')],
    outputs: [tensor('y')],
    nodes: [{ operator: 'Identity', inputs: ['x'], outputs: ['y'] }],
  });
}

const texts = (...elements: string[]) => elements.map((text) => Buffer.from(text));
const textsOf = (raw: Uint8Array | undefined) =>
  decodeBytesElements(raw ?? new Uint8Array()).map((element) => Buffer.from(element).toString());
const int64 = (value: bigint) => ({ parameterChoice: { case: 'int64Param' as const, value } });
const uint64 = (value: bigint) => ({ parameterChoice: { case: 'uint64Param' as const, value } });
const text = (value: string) => ({ parameterChoice: { case: 'stringParam' as const, value } });

const numbers = (over: Request = {}): Request => ({
  modelName: 'double',
  inputs: [{ name: 'x', datatype: 'FP32', shape: [2n, 3n] }],
  rawInputContents: [encodeElements('FP32', [1, 3, 2, 0.25, 0.25, 0])],
  ...over,
});

describe('BYTES', () => {
  it('are taken raw and typed, and given raw', async () => {
    const elements = texts('one', 'größer', '', '😀');
    const x = { name: 'x', datatype: 'BYTES', shape: [2n, 2n] };
    const raw = await server.oip.modelInfer({
      modelName: 'echo',
      inputs: [x],
      rawInputContents: [encodeElements('BYTES', elements)],
    });
    const typed = await server.oip.modelInfer({
      modelName: 'echo',
      inputs: [{ ...x, contents: { bytesContents: elements } }],
    });
    expect(raw.outputs).toMatchObject([{ name: 'y', datatype: 'BYTES', shape: [2n, 2n] }]);
    for (const { rawOutputContents } of [raw, typed]) {
      expect(textsOf(rawOutputContents[0])).toEqual(['one', 'größer', '', '😀']);
    }
  });

  it('keep their rows when requests share batches', async () => {
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        server.oip.modelInfer({
          modelName: 'echo',
          inputs: [
            {
              name: 'x',
              datatype: 'BYTES',
              shape: [1n, 2n],
              contents: { bytesContents: texts('#'.repeat(index), String(index)) },
            },
          ],
        }),
      ),
    );
    expect(answers.map(({ rawOutputContents: [raw] }) => textsOf(raw))).toEqual(
      answers.map((_, index) => ['#'.repeat(index), String(index)]),
    );
  });

  it('that are no text are refused', async () => {
    for (const bytes of [Buffer.from([0xff]), Buffer.from('a\0b')]) {
      const inputs = [
        { name: 'x', datatype: 'BYTES', shape: [1n, 2n], contents: { bytesContents: [bytes, bytes] } },
      ];
      await expect(server.oip.modelInfer({ modelName: 'echo', inputs })).rejects.toMatchObject({
        codeName: 'INVALID_ARGUMENT',
        reason: 'BYTES_INVALID',
        fieldViolations: [{ field: 'inputs[0].contents[0]' }],
      });
    }
  });
});

describe('raw and typed contents', () => {
  it.each<[string, Request]>([
    [
      'FP16 typed',
      {
        modelName: 'half',
        inputs: [{ name: 'x', datatype: 'FP16', shape: [1n, 2n], contents: { fp32Contents: [1, 2] } }],
      },
    ],
    [
      'both in one request',
      numbers({
        inputs: [{ name: 'x', datatype: 'FP32', shape: [2n, 3n], contents: { fp32Contents: [1, 2, 3] } }],
      }),
    ],
  ])('are refused as %s', async (_case, request) => {
    await expect(server.oip.modelInfer(request)).rejects.toMatchObject({
      codeName: 'INVALID_ARGUMENT',
      reason: 'MALFORMED_REQUEST',
    });
  });
});

describe('parameters', () => {
  it('that are reserved and fit are heeded, others are let be', async () => {
    const parameters = {
      priority: uint64(1n),
      timeout: int64(10_000_000n),
      binary_data_output: { parameterChoice: { case: 'boolParam' as const, value: true } },
      triton_enable_empty_final_response: { parameterChoice: { case: 'boolParam' as const, value: true } },
      temperature: { parameterChoice: { case: 'doubleParam' as const, value: 0.5 } },
    };
    const answer = await server.oip.modelInfer(numbers({ parameters }));
    expect(answer.parameters).toEqual({});
    expect(answer.outputs).toMatchObject([{ name: 'y', shape: [2n, 3n] }]);
  });

  it('ask for classes in place of an output', async () => {
    const outputs = [{ name: 'y', parameters: { classification: int64(2n) } }];
    const answer = await server.oip.modelInfer(numbers({ outputs }));
    expect(answer.outputs).toMatchObject([{ name: 'y', datatype: 'BYTES', shape: [2n, 2n] }]);
    expect(textsOf(answer.rawOutputContents[0])).toEqual([
      '6.000000:1',
      '4.000000:2',
      '0.500000:0',
      '0.500000:1',
    ]);
  });

  it.each<[string, Request, string, string]>([
    [
      'a sequence',
      numbers({ parameters: { sequence_id: uint64(3n) } }),
      'INVALID_ARGUMENT',
      'SEQUENCES_UNSUPPORTED',
    ],
    [
      'a reserved name',
      numbers({ parameters: { triton_x: text('') } }),
      'INVALID_ARGUMENT',
      'PARAMETER_INVALID',
    ],
    [
      'an input in shared memory',
      numbers({
        inputs: [
          {
            name: 'x',
            datatype: 'FP32',
            shape: [2n, 3n],
            parameters: { shared_memory_region: text('r'), shared_memory_byte_size: int64(24n) },
          },
        ],
        rawInputContents: [],
      }),
      'UNIMPLEMENTED',
      'SHARED_MEMORY_UNSUPPORTED',
    ],
    [
      'an output in shared memory',
      numbers({ outputs: [{ name: 'y', parameters: { shared_memory_region: text('r') } }] }),
      'UNIMPLEMENTED',
      'SHARED_MEMORY_UNSUPPORTED',
    ],
  ])('that ask for %s are refused', async (_case, request, codeName, reason) => {
    await expect(server.oip.modelInfer(request)).rejects.toMatchObject({ codeName, reason });
  });
});

describe('what is not offered', () => {
  it.each([
    'SystemSharedMemoryStatus',
    'SystemSharedMemoryRegister',
    'SystemSharedMemoryUnregister',
    'CudaSharedMemoryStatus',
    'CudaSharedMemoryRegister',
    'CudaSharedMemoryUnregister',
    'TraceSetting',
    'LogSettings',
  ])('%s answers UNIMPLEMENTED', async (method) => {
    const call = rawUnary(server.channel, `inference.GRPCInferenceService/${method}`, Buffer.alloc(0), {});
    await expect(call).rejects.toMatchObject({ codeName: 'UNIMPLEMENTED' });
  });

  it('is not among the extensions', async () => {
    const { extensions } = await server.oip.serverMetadata({});
    expect([...extensions].sort()).toEqual([
      'binary_tensor_data',
      'classification',
      'model_configuration',
      'model_repository',
      'model_repository(unload_dependents)',
      'parameters',
      'schedule_policy',
      'statistics',
    ]);
  });
});
