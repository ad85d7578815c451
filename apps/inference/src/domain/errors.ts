import { defineErrors } from '@plumbline/errors';

/** Everything that this service refuses, with what a caller or an operator can do about it. */
export const errors = defineErrors('inference', {
  MODEL_NOT_FOUND: {
    code: 'NOT_FOUND',
    help: 'This replica has no such model or version for the caller. Check the name, the version and the release; RepositoryIndex lists what there is, and why it is not served.',
  },
  MODEL_NOT_READY: {
    code: 'UNAVAILABLE',
    help: 'The version is listed but cannot answer yet, or its load failed: RepositoryIndex says why, and GetStatus over all tenants. Try again later.',
  },
  MODEL_UNLOADED: {
    code: 'UNAVAILABLE',
    help: 'The version was unloaded for memory. A request for inference loads it again and waits for it; there was no time left to do so. Try again, or raise MEMORY_BUDGET_MIB.',
  },
  MEMORY_BUDGET: {
    code: 'RESOURCE_EXHAUSTED',
    help: 'The version takes more memory than MEMORY_BUDGET_MIB, by itself. Raise the budget or make the model smaller.',
  },
  MALFORMED_REQUEST: {
    code: 'INVALID_ARGUMENT',
    help: 'The bytes are no ModelInferRequest, or raw and typed contents are mixed.',
  },
  INPUT_NAME_INVALID: {
    code: 'INVALID_ARGUMENT',
    help: 'An input is missing, given twice or unknown to the model. ModelMetadata lists the inputs.',
  },
  OUTPUT_NAME_INVALID: {
    code: 'INVALID_ARGUMENT',
    help: 'A requested output is unknown to the model or asked for twice. ModelMetadata lists the outputs.',
  },
  DATATYPE_MISMATCH: {
    code: 'INVALID_ARGUMENT',
    help: 'An input has another datatype than the model declares. Nothing is converted silently.',
  },
  SHAPE_MISMATCH: {
    code: 'INVALID_ARGUMENT',
    help: "An input's shape does not fit the model, or the inputs disagree on the number of rows.",
  },
  BYTE_LENGTH_MISMATCH: {
    code: 'INVALID_ARGUMENT',
    help: 'An input has more or fewer bytes (as BYTES: elements) than its shape and datatype take.',
  },
  BYTES_INVALID: {
    code: 'INVALID_ARGUMENT',
    help: 'A BYTES input ends inside an element, or an element is not UTF-8 or holds a zero character: the strings of models are text. Send other bytes in a text form, such as base64.',
  },
  PARAMETER_INVALID: {
    code: 'INVALID_ARGUMENT',
    help: 'A reserved parameter has another kind or range of value than it takes, or its name is reserved for the server. The message names it.',
  },
  SEQUENCES_UNSUPPORTED: {
    code: 'INVALID_ARGUMENT',
    help: 'The request says that it belongs to a sequence (sequence_id), but models keep no state here. Send every input that the model needs with each request.',
  },
  SHARED_MEMORY_UNSUPPORTED: {
    code: 'UNIMPLEMENTED',
    help: 'A tensor is to be read from or written to shared memory. Send tensors in the message.',
  },
  INFERENCE_FAILED: {
    code: 'INVALID_ARGUMENT',
    help: 'The engine refused the values of this very request, which ran alone. Other callers are not affected.',
  },
  QUEUE_FULL: {
    code: 'UNAVAILABLE',
    help: 'More rows wait for this version than its queue holds. Try again after the hint, or add replicas.',
  },
  QUEUE_TIMEOUT: {
    code: 'UNAVAILABLE',
    help: "The request waited longer in the queue than its own timeout or the model's queue policy lets it; it was not run. Try again after the hint, with a longer timeout, or add replicas.",
  },
  DEADLINE_UNREACHABLE: {
    code: 'DEADLINE_EXCEEDED',
    help: 'The rows ahead take longer than the caller will wait; the request was not queued.',
  },
  DEADLINE_EXPIRED: {
    code: 'DEADLINE_EXCEEDED',
    help: "The caller's deadline passed while the request was queued; it was not run.",
  },
  REQUEST_CANCELLED: {
    code: 'CANCELLED',
    help: 'The caller went away while the request was queued; it was not run.',
  },
  RUNNER_LOST: {
    code: 'UNAVAILABLE',
    help: 'The runner of the version ended and is being started again. Retry: inference has no side effects.',
  },
  REQUEST_CRASHED_RUNNER: {
    code: 'INVALID_ARGUMENT',
    help: 'The runner ended every time it ran this request, at last by itself. Do not retry: change the values, or have the model looked at. Other callers are not affected.',
  },
  INFERENCE_TIMEOUT: {
    code: 'DEADLINE_EXCEEDED',
    help: 'A run did not end within RUN_TIMEOUT_MS; its runner is replaced. The values of a request of its batch may be the cause: do not just retry.',
  },
  VERSION_CLOSED: {
    code: 'UNAVAILABLE',
    help: 'The version is being unloaded, or the server is stopping. Retry on another replica.',
  },
  OUTPUT_ROWS_MISMATCH: {
    code: 'INTERNAL',
    help: 'The model gave another number of rows than it was sent; no row was handed out.',
  },
  BATCH_TOO_LARGE: {
    code: 'FAILED_PRECONDITION',
    help: 'Inputs and outputs of one run take too many bytes: the declared shapes are too wide for this many rows.',
  },
  LOAD_TIMEOUT: {
    code: 'DEADLINE_EXCEEDED',
    help: 'Opening and checking the version took longer than LOAD_TIMEOUT_MS; loading is retried. Does the model end?',
  },
  RUNNERS_EXHAUSTED: {
    code: 'RESOURCE_EXHAUSTED',
    help: 'Too many runners never came back from a model and still hold their threads: restart the replica, withdraw the model.',
  },
  PROVIDER_UNAVAILABLE: {
    code: 'FAILED_PRECONDITION',
    help: 'The version asks for a device that this replica does not offer, or whose probe failed: see EXECUTION_PROVIDERS, and the providers in GetStatus for why. Nothing runs on another device silently.',
  },
  ARTIFACT_MISSING: {
    code: 'NOT_FOUND',
    help: 'A file of the version is not in the object store, or the version has no model.onnx, or not the file in which its model has data.',
  },
  ARTIFACT_CORRUPT: {
    code: 'DATA_LOSS',
    help: 'A file of the version has another content than its digest. Restore the object; loading is retried.',
  },
  ARTIFACT_TOO_LARGE: {
    code: 'FAILED_PRECONDITION',
    help: 'A file that is read into memory beside the model is larger than such files may be: configuration and signature 1 MiB, labels 8 MiB, golden set and each file of warm-up data 64 MiB, 256 MiB together. The message names it.',
  },
  VERSION_DIGEST_MISMATCH: {
    code: 'DATA_LOSS',
    help: "The version's digest is not that of its files.",
  },
  MODEL_UNSAFE: {
    code: 'FAILED_PRECONDITION',
    help: 'The model reaches outside itself or is out of bounds: foreign operator domains, data outside the files of its version, too many nodes, constants of gigabytes.',
  },
  MODEL_UNSUPPORTED: {
    code: 'FAILED_PRECONDITION',
    help: 'The model has inputs or outputs that cannot be served: bfloat16, or sequences and maps other than stock exports have.',
  },
  MODEL_INVALID: {
    code: 'FAILED_PRECONDITION',
    help: 'The file is no ONNX model, or ONNX Runtime cannot make a session of it: the message says why. RepositoryIndex names model and version.',
  },
  INVARIANCE_REFUSED: {
    code: 'FAILED_PRECONDITION',
    help: 'The model is configured to be refused unless a row is answered alike in every batch, and the test found otherwise or could not be made. Export it otherwise, give golden rows, or choose another policy.',
  },
  SIGNATURE_MISMATCH: {
    code: 'FAILED_PRECONDITION',
    help: "The version's signature.json disagrees with the model's own inputs and outputs.",
  },
  GOLDEN_MISMATCH: {
    code: 'FAILED_PRECONDITION',
    help: "The model does not give the outputs that the version's golden set expects.",
  },
  MODEL_CONFIG_INVALID: {
    code: 'INVALID_ARGUMENT',
    help: "The model's configuration cannot be read, contradicts the model or asks for what this server does not offer. The message names the field; apps/inference/README.md lists those that are honoured, and what to do without the others.",
  },
  MODEL_WARMUP_FAILED: {
    code: 'FAILED_PRECONDITION',
    help: "The model refuses a request of its configuration's model_warmup.",
  },
  REPOSITORY_INVALID: {
    code: 'FAILED_PRECONDITION',
    help: 'A folder of MODEL_REPOSITORY cannot be served: no version, a link that leads out of the repository, a name that cannot be used, too many files.',
  },
  REPOSITORY_MISSING: {
    code: 'FAILED_PRECONDITION',
    help: 'MODEL_REPOSITORY names no folder that this service may read: the service does not start (status 78). A relative path is one of the directory in which the service is started.',
  },
  REPOSITORY_UNAVAILABLE: {
    code: 'UNAVAILABLE',
    help: 'MODEL_REPOSITORY cannot be read. Check that the folder exists and may be read; what is loaded serves on.',
  },
  MODEL_CONTROL_DISABLED: {
    code: 'FAILED_PRECONDITION',
    help: 'Models are loaded and unloaded by RPC only with MODEL_CONTROL_MODE=explicit.',
  },
  MODEL_CONTROL_UNAVAILABLE: {
    code: 'UNIMPLEMENTED',
    help: 'The models come from a registry: release or withdraw versions there.',
  },
  LOAD_PARAMETER_INVALID: {
    code: 'INVALID_ARGUMENT',
    help: 'RepositoryModelLoad takes the parameters config (a ModelConfig in JSON) and, beside it, file:<version>/<name> (bytes).',
  },
  UNLOAD_PARAMETER_INVALID: {
    code: 'INVALID_ARGUMENT',
    help: 'RepositoryModelUnload takes the parameter unload_dependents (true or false), which has no effect: no model depends on another.',
  },
  LOAD_FAILED: {
    code: 'INTERNAL',
    help: 'The version failed to load for a reason that is in the log alone.',
  },
});

/** A caller's own text, as far as an error repeats it. */
export function shorten(text: string): string {
  return text.length <= 200 ? text : `${text.slice(0, 200)}…`;
}
