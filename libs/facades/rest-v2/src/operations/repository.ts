import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  GRPCInferenceService,
  RepositoryIndexResponse_ModelIndexSchema,
  type ModelRepositoryParameterSchema,
} from '@plumbline/contract-oip';
import type { Invoke } from '@plumbline/rpc';
import { restErrors } from '../errors.ts';
import type { Exchange, Operation } from '../http/exchange.ts';
import { flagAt, invalid, objectAt, optionalObject, readParameters, shorten } from '../json/fields.ts';
import { messageJson } from '../json/message-json.ts';
import { parseJsonBytes } from '../json/parse-json.ts';
import type { RestLimits } from '../rest-options.ts';
import { modelOf } from './model-of.ts';
import { call } from './rpc.ts';

const { repositoryIndex, repositoryModelLoad, repositoryModelUnload } = GRPCInferenceService.method;

/** Bodies are JSON throughout; only those that may hold a model's files are large. */
type RepositoryLimits = Pick<RestLimits, 'maxBodyBytes' | 'maxJsonBytes'>;

/** Body: `{ "ready": boolean }` or nothing. Answers the list itself. */
export function repositoryIndexOperation(invoke: Invoke, { maxJsonBytes }: RepositoryLimits): Operation {
  return async (exchange) => {
    const { models } = await call(invoke, repositoryIndex, exchange, async () => {
      const { ready } = await readObject(exchange, maxJsonBytes);
      return { ready: flagAt(ready, 'ready') ?? false };
    });
    return { body: models.map((model) => messageJson(RepositoryIndexResponse_ModelIndexSchema, model)) };
  };
}

/** Body: `{ "parameters": … }` or nothing. The files among the parameters, `file:<version>/<name>`, are in base64. */
export function repositoryLoadOperation(invoke: Invoke, { maxBodyBytes }: RepositoryLimits): Operation {
  return async (exchange) => {
    await call(invoke, repositoryModelLoad, exchange, () => controlRequest(exchange, maxBodyBytes));
    return { body: {} };
  };
}

export function repositoryUnloadOperation(invoke: Invoke, { maxJsonBytes }: RepositoryLimits): Operation {
  return async (exchange) => {
    await call(invoke, repositoryModelUnload, exchange, () => controlRequest(exchange, maxJsonBytes));
    return { body: {} };
  };
}

type Parameter = MessageInitShape<typeof ModelRepositoryParameterSchema>;

async function controlRequest(
  exchange: Exchange,
  maxBytes: number,
): Promise<{ modelName: string; parameters: Record<string, Parameter> }> {
  const { parameters, ...others } = await readObject(exchange, maxBytes);
  const [foreign] = Object.keys(others);
  if (foreign !== undefined) {
    throw invalid(
      shorten(foreign),
      'is no member of this request: what goes with it belongs into "parameters"',
    );
  }
  const given = readParameters(optionalObject(parameters, 'parameters'), 'parameters');
  const entries = [...given].map(([key, value]): [string, Parameter] => [
    key,
    { parameterChoice: parameterChoice(key, value) },
  ]);
  return { modelName: modelOf(exchange).name, parameters: Object.fromEntries(entries) };
}

function parameterChoice(
  key: string,
  value: boolean | bigint | string | number,
): NonNullable<Parameter['parameterChoice']> {
  const field = `parameters.${key}`;
  if (typeof value === 'boolean') return { case: 'boolParam', value };
  if (typeof value === 'bigint' && value < 2n ** 63n) return { case: 'int64Param', value };
  if (typeof value !== 'string') {
    throw restErrors.REQUEST_INVALID(`${field} is neither string, boolean nor an integer of 64 bits`);
  }
  return key.startsWith('file:')
    ? { case: 'bytesParam', value: fromBase64(value, field) }
    : { case: 'stringParam', value };
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

function fromBase64(text: string, field: string): Uint8Array {
  if (text.length % 4 === 0 && BASE64.test(text)) return Buffer.from(text, 'base64');
  throw restErrors.REQUEST_INVALID(`${field} is no base64`);
}

async function readObject(exchange: Exchange, maxBytes: number): Promise<Readonly<Record<string, unknown>>> {
  const body = await exchange.body(maxBytes);
  return body.length === 0 ? {} : objectAt(parseJsonBytes(body), 'the body');
}
