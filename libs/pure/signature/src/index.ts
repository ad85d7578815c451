export {
  parseSignature,
  formatSignature,
  SignatureError,
  type ModelInput,
  type ModelOutput,
  type Signature,
} from './signature.ts';
