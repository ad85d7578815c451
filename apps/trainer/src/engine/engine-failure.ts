import type { EngineReason } from '../domain/errors.ts';

/** A failure inside the engine's process, with the reason that its parent raises. */
export class EngineFailure extends Error {
  readonly reason: EngineReason;

  constructor(reason: EngineReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'EngineFailure';
    this.reason = reason;
  }
}
