export { FieldReader } from './field-reader.ts';
export { PACKED_PER_ELEMENT, countElements } from './count-elements.ts';
export { WireError, type WireFault } from './wire-error.ts';
export { Wire } from './wire-type.ts';
