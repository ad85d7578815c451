import type { Invoke } from '@plumbline/rpc';
import { restErrors } from './errors.ts';
import type { Operation, Route } from './http/exchange.ts';
import {
  modelConfigOperation,
  modelMetadataOperation,
  modelStatisticsOperation,
  serverMetadataOperation,
} from './operations/describe.ts';
import { liveOperation, modelReadyOperation, readyOperation } from './operations/health.ts';
import { inferOperation } from './operations/infer.ts';
import {
  repositoryIndexOperation,
  repositoryLoadOperation,
  repositoryUnloadOperation,
} from './operations/repository.ts';
import type { RestLimits } from './rest-options.ts';

/** Every route of the protocol, those that are not offered included. */
export function routes(invoke: Invoke, limits: RestLimits): Route[] {
  const get = (path: string, operation: Operation): Route => ({ method: 'GET', path, operation });
  const post = (path: string, operation: Operation): Route => ({ method: 'POST', path, operation });
  const ofModel = (suffix: string, route: (path: string) => Route): Route[] =>
    ['/v2/models/:model', '/v2/models/:model/versions/:version'].map((path) => route(path + suffix));
  const statistics = modelStatisticsOperation(invoke);
  return [
    get('/v2', serverMetadataOperation(invoke)),
    get('/v2/health/live', liveOperation(invoke)),
    get('/v2/health/ready', readyOperation(invoke)),
    get('/v2/models/stats', statistics),
    ...ofModel('', (path) => get(path, modelMetadataOperation(invoke))),
    ...ofModel('/ready', (path) => get(path, modelReadyOperation(invoke))),
    ...ofModel('/config', (path) => get(path, modelConfigOperation(invoke))),
    ...ofModel('/stats', (path) => get(path, statistics)),
    ...ofModel('/infer', (path) => post(path, inferOperation(invoke, limits))),
    post('/v2/repository/index', repositoryIndexOperation(invoke, limits)),
    post('/v2/repository/models/:model/load', repositoryLoadOperation(invoke, limits)),
    post('/v2/repository/models/:model/unload', repositoryUnloadOperation(invoke, limits)),
    ...NOT_OFFERED.map((path): Route => ({ method: 'any', path, operation: notOffered })),
  ];
}

/** Paths of Triton's extensions that are not offered. */
const NOT_OFFERED: readonly string[] = [
  '/v2/logging',
  '/v2/trace/setting',
  '/v2/models/:model/trace/setting',
  '/v2/models/:model/generate',
  '/v2/models/:model/generate_stream',
  '/v2/models/:model/versions/:version/generate',
  '/v2/models/:model/versions/:version/generate_stream',
  '/v2/systemsharedmemory/*',
  '/v2/cudasharedmemory/*',
];

const notOffered: Operation = async () => {
  throw restErrors.NOT_OFFERED('this extension of the protocol is not offered');
};
