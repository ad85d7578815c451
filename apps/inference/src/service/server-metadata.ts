import type { Handler } from '@plumbline/rpc';
import type { GRPCInferenceService } from '@plumbline/contract-oip';

type ServerMetadata = Handler<(typeof GRPCInferenceService)['method']['serverMetadata']>;

/** Only extensions that work are named: so far this server speaks the protocol's core. */
export function serverMetadata(version: string): ServerMetadata {
  return () => ({ name: 'plumbline', version, extensions: [] });
}
