// Runs models in onnxruntime-node outside Jest's realm, whose typed arrays it would refuse.
import ort from 'onnxruntime-node';

export interface RunRequest {
  readonly model: Uint8Array;
  readonly inputs: readonly { readonly name: string; readonly values: Float64Array | BigInt64Array }[];
}

export type RunAnswer =
  { readonly scores: Float32Array; readonly single: Float32Array } | { readonly error: string };

process.on('message', (request: RunRequest) => {
  void run(request)
    .catch((error: unknown): RunAnswer => ({ error: String(error) }))
    .then((answer) => process.send?.(answer));
});

/** All rows in one batch, and the same rows one by one. */
async function run({ model, inputs }: RunRequest): Promise<RunAnswer> {
  const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  const rows = inputs[0]!.values.length;
  const scoreRange = async (from: number, to: number): Promise<Float32Array> => {
    const feeds = inputs.map(({ name, values }) => {
      const part = values.slice(from, to);
      return [
        name,
        new ort.Tensor(part instanceof Float64Array ? 'float64' : 'int64', part, [to - from, 1]),
      ] as const;
    });
    const { probability } = await session.run(Object.fromEntries(feeds));
    if (probability?.dims.join() !== `${to - from},1`) throw new Error(`shape ${probability?.dims.join()}`);
    return probability.data as Float32Array;
  };
  const single = new Float32Array(rows);
  for (let row = 0; row < rows; row += 1) single.set(await scoreRange(row, row + 1), row);
  const scores = await scoreRange(0, rows);
  await session.release();
  return { scores, single };
}
