import { connect } from 'node:net';
import { GRPCInferenceService } from '@plumbline/contract-oip';
import {
  createServer,
  implement,
  implementRaw,
  type Authenticate,
  type Handlers,
  type Metrics,
  type RawHandler,
} from '@plumbline/rpc';
import { silentLog } from '@plumbline/testing';
import { createRestFacade, type RestFacade, type RestLimits } from '../src/index.ts';

type Methods = Handlers<typeof GRPCInferenceService>;

export interface Rig {
  readonly facade: RestFacade;
  readonly port: number;
  /** `http://host:port` */
  readonly url: string;
}

export interface RigOptions extends Methods {
  /** ModelInfer on bytes. */
  readonly infer?: RawHandler;
  readonly limits?: Partial<RestLimits>;
  readonly authenticate?: Authenticate;
  readonly metrics?: Metrics;
}

const resources: { close(): unknown }[] = [];

/** Closes what `serve` made. For `afterEach`. */
export async function closeAll(): Promise<void> {
  for (const resource of resources.splice(0).reverse()) await resource.close();
}

/** The façade on a free port, in front of these methods, which any caller may call. */
export async function serve(options: RigOptions = {}): Promise<Rig> {
  const { infer, limits, authenticate, metrics, ...methods } = options;
  const server = createServer({
    implementations: [
      implement(GRPCInferenceService, methods),
      ...(infer === undefined ? [] : [implementRaw(GRPCInferenceService, { ModelInfer: infer })]),
    ],
    authenticate:
      authenticate ?? (() => ({ caller: { id: '', kind: 'anonymous', scopes: [] }, tenant: 'acme' })),
    log: silentLog,
  });
  const facade = createRestFacade({
    invoke: server.invoke,
    log: silentLog,
    ...(limits === undefined ? {} : { limits }),
    ...(metrics === undefined ? {} : { metrics }),
  });
  resources.push(server, facade);
  const port = await facade.listen('127.0.0.1', 0);
  return { facade, port, url: `http://127.0.0.1:${port}` };
}

export async function postJson(url: string, body: string | object, headers: Record<string, string> = {}) {
  const response = await fetch(url, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/**
 * Sends bytes as they are, and answers all that comes until the server closes.
 * @param then what to send besides, once enough has come.
 */
export function exchangeBytes(
  port: number,
  bytes: string | Buffer,
  then: (received: string) => string | undefined = () => undefined,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let received = '';
    let isSent = false;
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
      const more = isSent ? undefined : then(received);
      if (more === undefined) return;
      isSent = true;
      socket.write(more);
    });
    socket.on('end', () => resolve(received));
    socket.on('error', reject);
    socket.write(bytes);
  });
}
