import {
  buildInferRequest,
  checkTensor,
  decodeElements,
  encodeElements,
  isDatatype,
  parseInferResponse,
  rawOutputs,
  type Element,
} from '@plumbline/tensors';
import { rawUnary } from '@plumbline/rpc';
import type { Value } from '@plumbline/contract-common';
import type { ModelInput, Signature } from '@plumbline/signature';
import type { CallerClients, TenantClients } from './clients.ts';
import type { Flights } from './flights.ts';
import { retryUnavailable } from './retry.ts';
import { entityKeys, requestValues } from './rows.ts';
import { FEATURE_SERVICE, ROUTE } from './setting.ts';

export interface Answer {
  readonly score: number;
  readonly variant: string;
}

/** Asks the gateway by entity key; UNAVAILABLE is tried again with the same id. */
export async function predictByKey(
  caller: CallerClients,
  flights: Flights,
  index: number,
  predictionId: string,
  onRetry: () => void,
): Promise<Answer> {
  const response = await retryUnavailable(
    () =>
      caller.predictions.predict({
        route: ROUTE,
        predictionId,
        entityKeys: entityKeys(flights, index),
        requestValues: requestValues(flights, index),
        asOfUs: flights.departureUs[index] ?? 0n,
        stickyKey: String(flights.id[index]),
      }),
    { onRetry },
  );
  return { score: response.outputs[0]?.values[0] ?? Number.NaN, variant: response.variant };
}

/** Fetches the features itself and sends tensors, as an Open Inference Protocol client does. */
export async function predictByTensors(
  caller: CallerClients,
  clients: TenantClients,
  signature: Signature,
  flights: Flights,
  index: number,
  predictionId: string,
  onRetry: () => void,
): Promise<Answer> {
  const asOfUs = flights.departureUs[index] ?? 0n;
  const entities = [
    { keys: entityKeys(flights, index), requestValues: requestValues(flights, index), asOfUs },
  ];
  const served = await retryUnavailable(
    () => clients.features.getOnlineFeatures({ featureService: FEATURE_SERVICE, entities }),
    { onRetry },
  );
  const values = new Map(served.featureNames.map((name, at) => [name, served.vectors[0]?.values[at]]));
  const request = buildInferRequest({
    modelName: ROUTE,
    id: String(flights.id[index]),
    inputs: signature.inputs.map((input) => tensorOf(input, values.get(input.feature ?? ''))),
  });
  const metadata = {
    'plumbline-prediction-id': predictionId,
    'plumbline-sticky-key': String(flights.id[index]),
    'plumbline-as-of-us': String(asOfUs),
  };
  const { response } = await retryUnavailable(
    () => rawUnary(caller.channel, 'inference.GRPCInferenceService/ModelInfer', request, { metadata }),
    { onRetry },
  );
  return { score: firstOutput(response), variant: 'tensors' };
}

/** The first element of the first output. */
export function firstOutput(response: Uint8Array): number {
  const [output] = rawOutputs(parseInferResponse(response));
  if (output === undefined) return Number.NaN;
  checkTensor(output, output.name);
  return Number(decodeElements(output.datatype, output.raw)[0]);
}

function tensorOf(input: ModelInput, value: Value | undefined) {
  const { name, datatype } = input;
  if (!isDatatype(datatype)) throw new Error(`input ${name} has the unknown datatype ${datatype}`);
  const kind = value?.kind;
  const element: Element = kind?.case === undefined ? Number.NaN : (kind.value as Element);
  const typed = datatype === 'INT64' ? BigInt(element as bigint) : Number(element);
  return { name, datatype, shape: [1, 1], raw: encodeElements(datatype, [typed]) };
}
