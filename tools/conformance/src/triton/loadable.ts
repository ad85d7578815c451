import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ModelRepositoryParameterSchema } from '@plumbline/contract-oip';
import { ServiceError } from '@plumbline/errors';
import { expect, expectEqual } from '../suite/expect.ts';
import { Skipped } from '../suite/outcome.ts';
import { elementsOf, infer, outputOf, request } from '../target/infer.ts';
import type { Target } from '../target/target.ts';
import { fourWide } from '../target/values.ts';

/** The extension that offers model control. */
export const MODEL_REPOSITORY = 'model_repository';
/** The model that checks load and unload: FP32 [N, 4], OUTPUT0 = 4 · INPUT0. */
export const NAME = 'loadable';

/** Statuses for what a repository does not have, or will not load. */
export const REFUSED = [
  'NOT_FOUND',
  'INVALID_ARGUMENT',
  'FAILED_PRECONDITION',
  'INTERNAL',
  'UNAVAILABLE',
] as const;

/** Loads `loadable` as the repository has it. @throws Skipped where a foreign server's models are not controlled so */
export async function load({ client, own }: Target): Promise<void> {
  try {
    await client.repositoryModelLoad({ modelName: NAME });
  } catch (error) {
    const refused =
      error instanceof ServiceError && ['UNAVAILABLE', 'UNIMPLEMENTED'].includes(error.codeName);
    if (own || !refused) throw error;
    throw new Skipped(`the server does not load models on request: ${error.message}`);
  }
}

/** OUTPUT0 of `loadable`, or of another model like it, for 1, 2, 3, 4. */
export async function inferLoadable(target: Target, name = NAME): Promise<readonly unknown[]> {
  return elementsOf(outputOf(await infer(target, request(name, [fourWide(1, 2, 3, 4)])), 'OUTPUT0'));
}

/** Checks that the model answers by the factor. */
export async function expectFactor(target: Target, factor: number, name = NAME): Promise<void> {
  expectEqual(
    await inferLoadable(target, name),
    [1, 2, 3, 4].map((x) => x * factor),
    'OUTPUT0',
  );
}

type Parameters = Readonly<Record<string, MessageInitShape<typeof ModelRepositoryParameterSchema>>>;

/** A configuration in JSON and a model file, as parameters of RepositoryModelLoad. */
export function upload(name: string, file: Uint8Array): Parameters {
  return {
    config: { parameterChoice: { case: 'stringParam' as const, value: configJson(name, 8) } },
    'file:1/model.onnx': { parameterChoice: { case: 'bytesParam' as const, value: file } },
  };
}

/** A configuration for RepositoryModelLoad. */
export function configJson(name: string, maxBatchSize: number): string {
  const tensor = (tensorName: string) => ({ name: tensorName, data_type: 'TYPE_FP32', dims: [4] });
  return JSON.stringify({
    name,
    platform: 'onnxruntime_onnx',
    max_batch_size: maxBatchSize,
    input: [tensor('INPUT0')],
    output: [tensor('OUTPUT0')],
  });
}

/** Waits for what may go on after an answer. @throws Failure with `finding` after 10 s */
export async function until(condition: () => Promise<boolean>, finding: string): Promise<void> {
  const lastMs = performance.now() + 10_000;
  while (!(await condition())) {
    expect(performance.now() < lastMs, finding);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
