import { address, defineConfig, integer, path, port, secret, url } from '@plumbline/service';

/** Everything that can be set about a gateway; docs/configuration.md is generated from it. */
export const config = defineConfig('gateway', {
  grpcPort: port(7400, 'gRPC port for callers.'),
  registryAddress: address('127.0.0.1:7420', 'The registry.'),
  featureStoreAddress: address('127.0.0.1:7410', 'The feature store, for Predict.'),
  inferenceAddress: address('127.0.0.1:7430', 'The inference service.'),
  auditAddress: address('127.0.0.1:7450', 'The audit service.'),
  natsUrl: url({
    schemes: ['nats', 'tls'],
    default: 'nats://127.0.0.1:4222',
    help: 'NATS, for hints that routes changed.',
  }),
  objectsDir: path({
    default: '.plumbline/objects',
    help: 'Directory of the object store, for signatures.',
  }),
  stateDir: path({
    default: '.plumbline/gateway',
    help: 'Directory of the record spool and the last known routes.',
  }),
  spoolMaxBytes: integer({
    default: 1_073_741_824,
    min: 1_048_576,
    unit: 'bytes',
    help: 'Records that may wait for audit before calls on standard routes are refused.',
  }),
  unshippableMaxBytes: integer({
    default: 268_435_456,
    min: 0,
    unit: 'bytes',
    help: 'Records kept aside because audit will never take them; beyond it they are lost, with a log line each.',
  }),
  recentAnswersMaxBytes: integer({
    default: 67_108_864,
    min: 0,
    unit: 'bytes',
    help: 'Answers remembered for retried prediction ids on standard routes.',
  }),
  shadowMaxInFlight: integer({
    default: 64,
    min: 0,
    unit: 'requests',
    help: 'Mirrored requests at once; more are shed.',
  }),
  serviceSecret: secret({ help: 'Shared secret of the services’ identities.' }),
});
