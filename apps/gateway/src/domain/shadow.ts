import { mintUuidV7 } from '@plumbline/uuid';
import { factsOf, keepsPayload, payloadOf, type AnswerPorts, type MirrorRequest } from './answer.ts';
import type { GatewayRecord } from './record.ts';

export interface ShadowPorts extends Pick<AnswerPorts, 'nowUs' | 'infer'> {
  /** Spools the comparison; shadow records never hold anybody up. */
  spool(record: GatewayRecord): Promise<void>;
}

/** Counts for the metrics page: what was mirrored, shed because the queue was full, and failed. */
export interface ShadowCounts {
  readonly mirrored: number;
  readonly shed: number;
  readonly failed: number;
}

/**
 * Mirrors requests to a candidate off the critical path. At most `maxInFlight` run at once and the rest is shed, newest
 * first, because callers come before candidates. Each mirrored request becomes a SHADOW record with both scores.
 */
export class Shadow {
  readonly #ports: (tenant: string, caller: string) => ShadowPorts;
  readonly #maxInFlight: number;
  readonly #onFailure: (error: unknown) => void;
  readonly #running = new Set<Promise<void>>();
  #counts = { mirrored: 0, shed: 0, failed: 0 };

  constructor(
    ports: (tenant: string, caller: string) => ShadowPorts,
    options: { readonly maxInFlight: number; readonly onFailure: (error: unknown) => void },
  ) {
    this.#ports = ports;
    this.#maxInFlight = options.maxInFlight;
    this.#onFailure = options.onFailure;
  }

  get counts(): ShadowCounts {
    return this.#counts;
  }

  offer(request: MirrorRequest): void {
    if (this.#running.size >= this.#maxInFlight) {
      this.#counts.shed += 1;
      return;
    }
    const run = this.#mirror(request).finally(() => this.#running.delete(run));
    this.#running.add(run);
  }

  /** Resolves when every mirrored request has ended. */
  async drain(): Promise<void> {
    await Promise.all(this.#running);
  }

  async #mirror({ prepared, digest, championScore }: MirrorRequest): Promise<void> {
    try {
      const ports = this.#ports(prepared.tenant, prepared.caller);
      const startedUs = ports.nowUs();
      const result = await ports.infer(digest, prepared.inferRequest);
      const inferenceUs = Number(ports.nowUs() - startedUs);
      const payload = {
        ...payloadOf(prepared, result, inferenceUs),
        mirroredPredictionId: prepared.predictionId,
      };
      await ports.spool({
        kind: 'shadow',
        eventId: mintUuidV7(ports.nowUs()),
        tenant: prepared.tenant,
        caller: prepared.caller,
        method: prepared.method,
        request: prepared.request,
        answer: result.response,
        atUs: ports.nowUs(),
        facts: {
          ...factsOf(prepared, 'shadow', digest, result.score),
          championScore,
          mirroredPredictionId: prepared.predictionId,
        },
        payload: keepsPayload(prepared.decision) ? payload : undefined,
      });
      this.#counts.mirrored += 1;
    } catch (error) {
      this.#counts.failed += 1;
      this.#onFailure(error);
    }
  }
}
