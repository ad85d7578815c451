/** Why a buffer was refused. */
export type WireFault = 'MALFORMED' | 'TOO_DEEP' | 'TOO_MANY_ELEMENTS';

/** The only error of this library: the bytes are not what a protobuf message of the expected type may be. */
export class WireError extends Error {
  readonly fault: WireFault;

  constructor(fault: WireFault, message: string) {
    super(message);
    this.name = 'WireError';
    this.fault = fault;
  }
}

export const malformed = (message: string): WireError => new WireError('MALFORMED', message);
