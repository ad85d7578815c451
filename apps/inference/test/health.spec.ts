import { describe, it } from '@jest/globals';
import { Health, HealthCheckResponse_ServingStatus } from '@plumbline/contract-grpc';
import { GRPCInferenceService } from '@plumbline/contract-oip';
import { createClient } from '@plumbline/rpc';
import { eventually } from '@plumbline/testing';
import { timesModel } from './models.ts';
import { modelFolder, startStandalone, type Standalone } from './standalone.ts';

const SERVICES = ['', GRPCInferenceService.typeName];

/** Says of each service what gRPC's health check says. */
async function healthOf({ channel }: Standalone): Promise<(string | undefined)[]> {
  const health = createClient(Health, channel);
  const answers = SERVICES.map(async (service) => (await health.check({ service })).status);
  return (await Promise.all(answers)).map((status) => HealthCheckResponse_ServingStatus[status]);
}

describe('the health of a replica', () => {
  it('is good once it is ready, of every service', async () => {
    const { root } = await modelFolder({ 'double/1/model.onnx': timesModel(2) });
    const server = await startStandalone(root);
    await server.ready();
    await eventually(async () => (await healthOf(server)).every((status) => status === 'SERVING'));
    await server.stop();
  });
});
