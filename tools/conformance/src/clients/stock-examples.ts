/** One way to run a script. `{grpc}`, `{http}` and `{picture}` stand for what is known only then. */
export interface Way {
  /** Its name in the results. */
  readonly name: string;
  readonly args: readonly string[];
}

/** A script of src/python/examples in triton-inference-server/client. */
export interface StockExample {
  /** Its file's name without `.py`. */
  readonly script: string;
  /** Checks of clients/ that do what it does: `<script>.<check>`. */
  readonly checks: readonly string[];
  /** How it is run; none where it cannot be told where the server is. */
  readonly ways: readonly Way[];
  /** Why it is not expected to pass against our service. */
  readonly unfit?: Unfit;
}

export interface Unfit {
  /** Completes the sentence "it …". */
  readonly reason: string;
  /** What the script says when it fails for this reason and no other. */
  readonly sign: RegExp;
}

const GRPC: Way = { name: 'grpc', args: ['-u', '{grpc}'] };
const HTTP: Way = { name: 'http', args: ['-u', '{http}'] };
const TIMED: Way = { name: 'timed', args: [...GRPC.args, '-t', '10'] };
const COMPRESSED: Way = { name: 'compressed', args: [...GRPC.args, '-C', 'gzip'] };
const ENSEMBLE: Way = { name: 'grpc', args: ['-i', 'gRPC', ...GRPC.args, '{picture}'] };
const HEADERS: Way = { name: 'headers', args: [...HTTP.args, '-H', 'test:1'] };

const NOT_OFFERED = /UNIMPLEMENTED|\[501\]/;
const SYSTEM_SHARED_MEMORY: Unfit = {
  reason: 'needs regions of system shared memory, which this service does not offer',
  sign: NOT_OFFERED,
};
const CUDA_SHARED_MEMORY: Unfit = {
  reason: 'needs regions of CUDA shared memory, which this service does not offer',
  sign: /cuda-python|UNIMPLEMENTED|\[501\]/,
};
const SEQUENCES: Unfit = {
  reason: 'needs a sequence batcher, which this service does not offer',
  sign: /there is no model "simple_sequence"/,
};
const ENSEMBLES: Unfit = {
  reason: 'needs an ensemble, which this service does not offer',
  sign: /there is no model "preprocess_inception_ensemble"/,
};
const DECOUPLED: Unfit = {
  reason: 'needs a decoupled model, which this service does not offer',
  sign: /there is no model "repeat_int32"/,
};
const FIXED_PORTS: Unfit = {
  reason: 'calls the ports 8000 and 8001 of its own machine alone, and is not run',
  sign: /$/,
};
const SERVER_NAME: Unfit = {
  reason: 'demands a server that is named triton, and its words for an unknown model',
  sign: /FAILED : get_server_metadata/,
};
const UNKNOWN_MODEL: Unfit = {
  reason: 'demands Triton’s words for an unknown model, at its end',
  sign: /improper error message for wrong model name/,
};
const TRITON_REPOSITORY: Unfit = {
  reason: 'counts the models of a repository of its own, and demands Triton’s words for a failed load',
  // The one over HTTP says nothing.
  sign: /FAILED : Repository Index|^$/,
};
const ZERO_BYTE: Unfit = {
  reason:
    'sends texts with a zero byte, which ONNX Runtime for Node cannot hold: they are refused, not cut off',
  sign: /holds a zero character/,
};

/** Every example of the release, and what becomes of it. */
export const STOCK_EXAMPLES: readonly StockExample[] = [
  unfit('ensemble_image_client', [ENSEMBLE], ENSEMBLES),
  fit('grpc_client', [GRPC], ['grpc.raw-stub']),
  fit('grpc_explicit_byte_content_client', [GRPC], ['grpc.typed-texts']),
  fit('grpc_explicit_int8_content_client', [GRPC], ['grpc.typed-contents', 'grpc.typed-version']),
  fit('grpc_explicit_int_content_client', [GRPC], ['grpc.typed-contents']),
  fit('grpc_image_client', imageWays(GRPC), ['grpc.image']),
  fit('image_client', [...imageWays(GRPC, 'gRPC'), ...imageWays(HTTP, 'HTTP')], ['grpc.image', 'http.image']),
  unfit('memory_growth_test', [], FIXED_PORTS, ['grpc.many-clients', 'http.many-clients']),
  unfit('reuse_infer_objects_client', [HTTP], SYSTEM_SHARED_MEMORY, [
    'grpc.reused-objects',
    'http.reused-objects',
  ]),
  fit('simple_grpc_aio_infer_client', [GRPC, COMPRESSED], ['grpc.aio']),
  unfit('simple_grpc_aio_sequence_stream_infer_client', [GRPC], SEQUENCES),
  fit('simple_grpc_async_infer_client', [GRPC, TIMED], ['grpc.async-infer']),
  unfit('simple_grpc_cudashm_client', [GRPC], CUDA_SHARED_MEMORY),
  fit('simple_grpc_custom_args_client', [GRPC], ['grpc.custom-args']),
  unfit('simple_grpc_custom_repeat', [GRPC], DECOUPLED),
  unfit('simple_grpc_health_metadata', [GRPC], SERVER_NAME, ['grpc.health', 'grpc.metadata', 'grpc.errors']),
  fit('simple_grpc_infer_client', [GRPC, TIMED, COMPRESSED], ['grpc.infer', 'grpc.infer-compressed']),
  fit('simple_grpc_keepalive_client', [GRPC], ['grpc.keepalive']),
  unfit('simple_grpc_model_control', [GRPC], TRITON_REPOSITORY, ['grpc.model-control', 'grpc.model-config']),
  unfit('simple_grpc_sequence_stream_infer_client', [GRPC], SEQUENCES),
  unfit('simple_grpc_sequence_sync_infer_client', [GRPC], SEQUENCES),
  unfit('simple_grpc_shm_client', [GRPC], SYSTEM_SHARED_MEMORY),
  unfit('simple_grpc_shm_string_client', [GRPC], SYSTEM_SHARED_MEMORY),
  unfit('simple_grpc_string_infer_client', [GRPC], ZERO_BYTE, ['grpc.infer-string', 'grpc.infer-identity']),
  unfit('simple_http_aio_infer_client', [HTTP], UNKNOWN_MODEL, ['http.aio']),
  fit('simple_http_async_infer_client', [HTTP], ['http.async-infer']),
  unfit('simple_http_cudashm_client', [HTTP], CUDA_SHARED_MEMORY),
  unfit('simple_http_health_metadata', [HTTP], SERVER_NAME, ['http.health', 'http.metadata', 'http.headers']),
  unfit('simple_http_infer_client', [HTTP, HEADERS, ...['gzip', 'deflate'].map(compressed)], UNKNOWN_MODEL, [
    ...['http.infer-binary', 'http.infer-json', 'http.infer-mixed', 'http.infer-all-outputs'],
    ...['http.infer-compressed', 'http.headers', 'http.errors', 'http.statistics'],
  ]),
  unfit('simple_http_model_control', [HTTP], TRITON_REPOSITORY, ['http.model-control', 'http.model-config']),
  unfit('simple_http_sequence_sync_infer_client', [HTTP], SEQUENCES),
  unfit('simple_http_shm_client', [HTTP], SYSTEM_SHARED_MEMORY),
  unfit('simple_http_shm_string_client', [HTTP], SYSTEM_SHARED_MEMORY),
  unfit('simple_http_string_infer_client', [HTTP], ZERO_BYTE, ['http.infer-string', 'http.infer-identity']),
];

function fit(script: string, ways: readonly Way[], checks: readonly string[]): StockExample {
  return { script, ways, checks };
}

function unfit(
  script: string,
  ways: readonly Way[],
  why: Unfit,
  checks: readonly string[] = [],
): StockExample {
  return { script, ways, checks, unfit: why };
}

/** The two best classes of a picture: one call, an asynchronous one and, over gRPC, a stream. */
function imageWays({ name, args }: Way, protocol?: string): Way[] {
  const own = protocol === undefined ? [] : ['-i', protocol];
  const all = ['-m', 'densenet_onnx', '-c', '2', ...own, ...args];
  return [
    { name, args: [...all, '{picture}'] },
    { name: `${name}-async`, args: [...all, '-a', '{picture}'] },
    ...(name === 'grpc' ? [{ name: 'grpc-stream', args: [...all, '--streaming', '-a', '{picture}'] }] : []),
  ];
}

function compressed(algorithm: string): Way {
  const both = ['--request-compression-algorithm', algorithm, '--response-compression-algorithm', algorithm];
  return { name: algorithm, args: [...HTTP.args, ...both] };
}
