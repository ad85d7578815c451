export { attribute, type AttributeValue } from './attribute.ts';
export {
  buildModel,
  type Int64Constant,
  type ModelSpec,
  type NodeSpec,
  type TensorInfo,
} from './build-model.ts';
export { elementTypeOf, oipDatatype } from './data-type.ts';
export { inspectModel, OnnxFormatError, type ModelInspection, type ModelValue } from './inspect-model.ts';
export { NO_TELEMETRY } from './no-telemetry.ts';
export { outputsAsTensors, type TensorModel } from './outputs-as-tensors.ts';
export {
  treeEnsembleClassifier,
  type ClassifierNames,
  type EnsembleTree,
  type TreeEnsemble,
} from './tree-ensemble.ts';
