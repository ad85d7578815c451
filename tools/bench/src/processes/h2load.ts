import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BenchError } from '../bench-error.ts';
import type { Children } from './children.ts';
import { parseH2load, type H2loadReport } from './parse-h2load.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** One peak: `requests` times the same gRPC message. */
export interface Peak {
  readonly address: string;
  /** `inference.GRPCInferenceService/ModelInfer` */
  readonly method: string;
  readonly message: Uint8Array;
  readonly requests: number;
  readonly connections: number;
  /** Requests in flight on each connection. */
  readonly streams: number;
}

const MISSING = `h2load is not installed. It comes with nghttp2:
  Debian, Ubuntu: apt-get install nghttp2-client     Fedora: dnf install nghttp2     macOS: brew install nghttp2`;

/** @throws BenchError saying how to install it */
export async function requireH2load(children: Children): Promise<void> {
  await run(children, ['--version']);
}

/** Loads a gRPC server with unary calls. h2load takes any HTTP 200 for success: compare with the server's own count. */
export async function h2load(children: Children, peak: Peak): Promise<H2loadReport> {
  const folder = temporaryFolder('h2load');
  const body = join(folder.path, 'body');
  try {
    writeFileSync(body, grpcFrame(peak.message));
    return parseH2load(await run(children, h2loadArgs(peak, body)));
  } finally {
    folder.remove();
  }
}

function h2loadArgs({ address, method, requests, connections, streams }: Peak, body: string): string[] {
  const headers = ['-H', 'content-type: application/grpc', '-H', 'te: trailers'];
  const load = ['-n', String(requests), '-c', String(connections), '-m', String(streams)];
  return [...load, '-d', body, ...headers, `http://${address}/${method}`];
}

/** gRPC's message in its frame: not compressed, length, bytes. */
export function grpcFrame(message: Uint8Array): Buffer {
  const frame = Buffer.alloc(5 + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, 5);
  return frame;
}

async function run(children: Children, args: readonly string[]): Promise<string> {
  const child = children.spawn('h2load', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (said += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'ENOENT' ? new BenchError(MISSING) : error);
    });
    child.once('close', resolve);
  });
  if (status !== 0) throw new BenchError(`h2load ended with status ${status}:\n${said.trim()}`);
  return said;
}
