/**
 * Bytes or values that are no tensor of the declared kind. Services turn it into an INVALID_ARGUMENT of their own
 * catalogue; `field` names the place as the caller wrote it, e.g. `inputs[2].shape`.
 */
export class TensorError extends Error {
  readonly field: string;

  constructor(field: string, message: string) {
    super(message);
    this.name = 'TensorError';
    this.field = field;
  }
}
