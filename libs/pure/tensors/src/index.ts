export { DATATYPES, elementSizeBytes, isDatatype, type Datatype } from './datatype.ts';
export { elementCount, formatShape, shapeFits, type Shape } from './shape.ts';
export { TensorError } from './tensor-error.ts';
export { countTextElements, decodeBytesElements, encodeBytesElements } from './bytes-elements.ts';
export { decodeElements, encodeElements, firstElement, type Element } from './elements.ts';
export { rawFromContents } from './typed-contents.ts';
export { encodeParameters, readParameters, type ParameterValue } from './infer-parameter.ts';
export type { TensorHeader, TensorView } from './infer-tensor.ts';
export {
  buildInferRequest,
  inferRequestTemplate,
  parseInferRequest,
  scanInferRequest,
  type InferRequestHead,
  type InferRequestInit,
  type InferRequestView,
  type RawTensor,
  type RequestedOutput,
} from './infer-request.ts';
export {
  buildInferResponse,
  buildStreamAnswer,
  buildStreamFailure,
  parseInferResponse,
  type InferResponseInit,
  type InferResponseView,
} from './infer-response.ts';
export { checkTensor, rawInputs, rawOutputs, type CheckedTensor } from './check-tensor.ts';
