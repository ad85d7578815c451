import type { Handler } from '@plumbline/rpc';
import type { GRPCInferenceService } from '@plumbline/contract-oip';

type ServerMetadata = Handler<(typeof GRPCInferenceService)['method']['serverMetadata']>;

/** What depends on how the server was started. */
export interface Offered {
  /** Whether models are listed, loaded and unloaded by RPC. */
  readonly repository: boolean;
  /** Whether the protocol is spoken over HTTP too, where tensors may travel as bytes beside the JSON. */
  readonly http: boolean;
}

const REPOSITORY = [
  'model_repository',
  // Asks that models go with the one on which they depend. None depends on another here: there are none to take along.
  'model_repository(unload_dependents)',
];

/** The extensions of the protocol that work on this server, and only those, by their published names. */
export function serverMetadata(version: string, offered: Offered): ServerMetadata {
  const extensions = [
    'classification',
    'model_configuration',
    'parameters',
    'schedule_policy',
    'statistics',
    ...(offered.repository ? REPOSITORY : []),
    ...(offered.http ? ['binary_tensor_data'] : []),
  ];
  return () => ({ name: 'plumbline', version, extensions });
}
