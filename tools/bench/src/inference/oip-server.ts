import { fromBinary } from '@bufbuild/protobuf';
import { GRPCInferenceService, ModelInferResponseSchema } from '@plumbline/contract-oip';
import { createChannel, createClient, rawUnary, type Channel, type Client } from '@plumbline/rpc';
import { ServiceError } from '@plumbline/errors';
import type { BenchmarkModel } from './benchmark-models.ts';
import { INFER_METHOD, inferRequests, type RequestShape } from './infer-requests.ts';

const TIMEOUT_MS = 60_000;

/** A server of the Open Inference Protocol, ours or another, and what is asked of it between the loads. */
export class OipServer {
  readonly address: string;
  readonly #names: ReadonlyMap<string, string>;
  readonly #channel: Channel;
  readonly #client: Client<typeof GRPCInferenceService>;

  /** `names`: its names of models where they are not ours. */
  constructor(address: string, names: ReadonlyMap<string, string> = new Map()) {
    this.address = address;
    this.#names = names;
    this.#channel = createChannel(address, { defaultTimeoutMs: TIMEOUT_MS });
    this.#client = createClient(GRPCInferenceService, this.#channel);
  }

  /** Requests of `rows` rows for one of its models. */
  shapeOf(model: BenchmarkModel, rows: number): RequestShape {
    const { features, vocabulary } = model;
    return { model: this.#nameOf(model), features, vocabulary, rows };
  }

  async holds(model: BenchmarkModel): Promise<boolean> {
    return (await this.#client.modelReady({ name: this.#nameOf(model) })).ready;
  }

  /** One inference. @throws ServiceError as the server says why not */
  async infer(model: BenchmarkModel, rows = 1): Promise<void> {
    const [request] = inferRequests(this.shapeOf(model, rows), 1);
    await rawUnary(this.#channel, INFER_METHOD, request as Buffer);
  }

  /** The first output, FP32, for the rows of inferRequests() under its first seed, row-major. @throws ServiceError */
  async answer(model: BenchmarkModel, rows: number): Promise<number[]> {
    const [request] = inferRequests(this.shapeOf(model, rows), 1);
    const { response } = await rawUnary(this.#channel, INFER_METHOD, request as Buffer);
    const [first = new Uint8Array()] = fromBinary(ModelInferResponseSchema, response).rawOutputContents;
    return Array.from(new Float32Array(new Uint8Array(first).buffer)); // a copy: the view may lie unaligned
  }

  /** Requests that its own count says were answered, over all versions; undefined where it keeps none. */
  async answered(model: BenchmarkModel): Promise<number | undefined> {
    try {
      const { modelStats } = await this.#client.modelStatistics({ name: this.#nameOf(model) });
      const counts = modelStats.map(({ inferenceStats }) => Number(inferenceStats?.success?.count ?? 0n));
      return counts.reduce((sum, count) => sum + count, 0);
    } catch (error) {
      if (error instanceof ServiceError && error.codeName === 'UNIMPLEMENTED') return undefined;
      throw error;
    }
  }

  /** What the server says of a model beyond the protocol, e.g. its class of invariance. */
  async properties(model: BenchmarkModel): Promise<Readonly<Record<string, string>>> {
    return (await this.#client.modelMetadata({ name: this.#nameOf(model) })).properties;
  }

  async versions(model: BenchmarkModel): Promise<readonly string[]> {
    return (await this.#client.modelMetadata({ name: this.#nameOf(model) })).versions;
  }

  /** Loads it, or takes up what has changed; ends when it answers. */
  async load(model: BenchmarkModel): Promise<void> {
    await this.#client.repositoryModelLoad({ modelName: this.#nameOf(model) });
  }

  async unload(model: BenchmarkModel): Promise<void> {
    await this.#client.repositoryModelUnload({ modelName: this.#nameOf(model) });
  }

  close(): void {
    this.#channel.close();
  }

  #nameOf({ name }: BenchmarkModel): string {
    return this.#names.get(name) ?? name;
  }
}
