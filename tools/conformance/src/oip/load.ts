import type { Checks } from '../suite/check.ts';
import { expectEqual } from '../suite/expect.ts';
import { elementsOf, infer, input, outputOf, request } from '../target/infer.ts';
import type { Target } from '../target/target.ts';
import { fourWide, row, simpleInputs } from '../target/values.ts';

const REQUESTS = 500;
const IN_FLIGHT = 64;

export const loadChecks: Checks = {
  'own-rows': {
    title: `of ${REQUESTS} interleaved requests each gets its own rows and its own id`,
    models: ['simple'],
    run: (target) =>
      eachInFlight(REQUESTS, async (index) => {
        const answer = await infer(target, request('simple', simpleInputs(index * 100), { id: `r${index}` }));
        expectEqual(answer.id, `r${index}`, 'the id');
        expectEqual(elementsOf(outputOf(answer, 'OUTPUT0')), row(index * 100 + 1), `OUTPUT0 of r${index}`);
      }),
  },
  'own-shapes': {
    title: 'interleaved requests of different rows and widths get answers of their own shape',
    models: ['identity_int64'],
    run: (target) =>
      eachInFlight(REQUESTS, async (index) => {
        const shape = [1 + (index % 5), 1 + (index % 7)] as const;
        const elements = Array.from({ length: shape[0] * shape[1] }, (_, at) => BigInt(index * 1_000 + at));
        const tensor = input('INPUT0', 'INT64', shape, elements);
        const output = outputOf(await infer(target, request('identity_int64', [tensor])), 'OUTPUT0');
        expectEqual(output.shape, shape, 'the shape');
        expectEqual(elementsOf(output), elements, `OUTPUT0 of request ${index}`);
      }),
  },
  'own-outputs': {
    title: 'interleaved requests for different outputs get what they asked for',
    models: ['simple'],
    run: (target) =>
      eachInFlight(100, async (index) => {
        const name = `OUTPUT${index % 2}`;
        const init = request('simple', simpleInputs(index), { outputs: [{ name }] });
        const answer = await infer(target, init);
        expectEqual(
          answer.outputs.map((output) => output.name),
          [name],
          'the outputs',
        );
        expectEqual(elementsOf(outputOf(answer, name)), row(index + (index % 2 === 0 ? 1 : -1)), name);
      }),
  },
  'no-neighbours': {
    title: 'rows of other callers do not change an answer',
    models: ['neighbourly'],
    run: (target) =>
      eachInFlight(100, async (index) => {
        const answer = await infer(target, request('neighbourly', [fourWide(index, 0, 0, 0)]));
        expectEqual(elementsOf(outputOf(answer, 'OUTPUT0')), [2 * index, 0, 0, 0], 'OUTPUT0');
      }),
  },
  'misfits-among-others': {
    title: 'requests that are refused do not touch those that are not',
    models: ['simple'],
    run: (target) => eachInFlight(200, (index) => (index % 3 === 0 ? misfit(target) : fit(target, index))),
  },
  large: {
    title: 'a tensor of 8 MiB, beyond gRPC’s default limit, comes back bit for bit',
    models: ['identity_fp32'],
    run: async (target) => {
      const width = 2 ** 21;
      const raw = Buffer.from(Float32Array.from({ length: width }, (_, at) => at * 0.5).buffer);
      const tensor = { name: 'INPUT0', datatype: 'FP32', shape: [1, width], raw };
      const answer = await infer(target, request('identity_fp32', [tensor]));
      expectEqual(outputOf(answer, 'OUTPUT0').shape, [1, width], 'the shape');
      expectEqual(Buffer.compare(outputOf(answer, 'OUTPUT0').raw, raw), 0, 'the difference of the output');
    },
  },
};

async function fit(target: Target, index: number): Promise<void> {
  const answer = await infer(target, request('simple', simpleInputs(index)));
  expectEqual(elementsOf(outputOf(answer, 'OUTPUT0')), row(index + 1), 'OUTPUT0');
}

async function misfit(target: Target): Promise<void> {
  const [first, second] = simpleInputs(0);
  const inputs = [{ ...first!, raw: Buffer.alloc(4) }, second!];
  const refused = await infer(target, request('simple', inputs)).then(
    () => false,
    () => true,
  );
  expectEqual(refused, true, 'refusal of a request that lacks bytes');
}

/** Runs `count` tasks, IN_FLIGHT of them at once. */
export async function eachInFlight(count: number, task: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await task(next++);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
}
