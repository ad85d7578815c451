import { AuditService } from '@plumbline/contract-audit';
import { FeatureStoreService } from '@plumbline/contract-features';
import { PredictionService } from '@plumbline/contract-gateway';
import { InferenceService } from '@plumbline/contract-inference';
import { MonitorService } from '@plumbline/contract-monitor';
import { GRPCInferenceService } from '@plumbline/contract-oip';
import { RegistryService, TenantService, TrafficService } from '@plumbline/contract-registry';
import { TrainerService } from '@plumbline/contract-trainer';
import type { DescService } from '@bufbuild/protobuf';
import { createChannel, createClient, serviceToken, type Channel, type Client } from '@plumbline/rpc';
import { retryUnavailable } from './retry.ts';

/** The identity under which the launcher operates the services. */
export const OPERATOR = 'operator';

/** Clients of every service, acting for one tenant. */
export interface TenantClients {
  readonly tenant: string;
  readonly features: Client<typeof FeatureStoreService>;
  readonly registry: Client<typeof RegistryService>;
  readonly tenants: Client<typeof TenantService>;
  readonly traffic: Client<typeof TrafficService>;
  readonly trainer: Client<typeof TrainerService>;
  readonly inference: Client<typeof InferenceService>;
  readonly inferenceChannel: Channel;
  readonly monitor: Client<typeof MonitorService>;
  readonly audit: Client<typeof AuditService>;
  close(): void;
}

/** What an application has: an API key and the gateway's address. */
export interface CallerClients {
  readonly predictions: Client<typeof PredictionService>;
  readonly oip: Client<typeof GRPCInferenceService>;
  readonly channel: Channel;
  close(): void;
}

/**
 * Connects an operator. A `patient` one makes its calls, which are idempotent, again while a service is away for a
 * moment; callers' predictions are never wrapped so: what a caller sees is what the journey judges.
 */
export function connectTenant(
  addresses: Readonly<Record<string, string>>,
  secret: string,
  tenant: string,
  { patient = false } = {},
): TenantClients {
  const client = patient ? patientClient : createClient;
  const token = serviceToken(OPERATOR, secret);
  const channels: Channel[] = [];
  const connect = (service: string) => {
    const channel = createChannel(addresses[`${service}_ADDRESS`] ?? '', {
      metadata: () => ({ authorization: token, 'plumbline-tenant': tenant }),
      defaultTimeoutMs: 30_000,
    });
    channels.push(channel);
    return channel;
  };
  const registry = connect('REGISTRY');
  const inference = connect('INFERENCE');
  return {
    tenant,
    features: client(FeatureStoreService, connect('FEATURE_STORE')),
    registry: client(RegistryService, registry),
    tenants: client(TenantService, registry),
    traffic: client(TrafficService, registry),
    trainer: client(TrainerService, connect('TRAINER')),
    inference: client(InferenceService, inference),
    inferenceChannel: inference,
    monitor: client(MonitorService, connect('MONITOR')),
    audit: client(AuditService, connect('AUDIT')),
    close: () => closeAll(channels),
  };
}

function patientClient<S extends DescService>(service: S, channel: Channel): Client<S> {
  const client = createClient(service, channel);
  const unary = service.methods.filter(({ methodKind }) => methodKind === 'unary');
  const retrying = unary.map(({ localName }) => {
    const call = client[localName as keyof Client<S>] as (...args: unknown[]) => Promise<unknown>;
    return [localName, (...args: unknown[]) => retryUnavailable(() => call(...args))];
  });
  return { ...client, ...(Object.fromEntries(retrying) as Partial<Client<S>>) };
}

export function connectCaller(gatewayAddress: string, apiKey: string): CallerClients {
  const channel = createChannel(gatewayAddress, {
    metadata: () => ({ authorization: `Bearer ${apiKey}` }),
    defaultTimeoutMs: 5_000,
  });
  return {
    predictions: createClient(PredictionService, channel),
    oip: createClient(GRPCInferenceService, channel),
    channel,
    close: () => closeAll([channel]),
  };
}

function closeAll(channels: readonly Channel[]): void {
  for (const channel of channels) channel.close();
}
