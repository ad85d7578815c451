import { expect, expectEqual } from '../suite/expect.ts';
import { Failure } from '../suite/outcome.ts';
import type { Target } from '../target/target.ts';

const TIMEOUT_MS = 10_000;

/** An answer of the REST service, read to its end. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
}

export type Json = Readonly<Record<string, unknown>>;

/** Sends a request to a path below the service's root, e.g. `v2/health/live`. */
export async function send(target: Target, path: string, init: RequestInit = {}): Promise<HttpAnswer> {
  if (target.httpAddress === undefined) throw new Failure('there is no REST service');
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const response = await fetch(`http://${target.httpAddress}/${path}`, { signal, ...init });
  const body = Buffer.from(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, body };
}

export async function get(target: Target, path: string): Promise<HttpAnswer> {
  return send(target, path);
}

export async function post(target: Target, path: string, body: unknown): Promise<HttpAnswer> {
  const headers = { 'content-type': 'application/json' };
  return send(target, path, { method: 'POST', headers, body: JSON.stringify(body) });
}

/** The JSON object of a successful answer. @throws Failure */
export function jsonOf({ status, headers, body }: HttpAnswer): Json {
  if (status !== 200) throw new Failure(`HTTP ${status}: ${body.toString().slice(0, 200)}`);
  const type = headers.get('content-type') ?? 'absent';
  expect(type.startsWith('application/json'), `content-type is ${type}, not application/json`);
  return parse(body);
}

/** Checks a refusal: its status, and the protocol's object with the field `error`. @throws Failure */
export function expectRefused(answer: HttpAnswer, ...statuses: number[]): void {
  if (!statuses.includes(answer.status)) {
    throw new Failure(`HTTP ${answer.status} where ${statuses.join(' or ')} is due`);
  }
  const { error } = parse(answer.body);
  expect(typeof error === 'string' && error !== '', 'the body has no text in the field error');
}

function parse(body: Buffer): Json {
  try {
    return JSON.parse(body.toString()) as Json;
  } catch {
    throw new Failure(`the body is no JSON: ${body.toString().slice(0, 100)}`);
  }
}

/** An answer with binary tensors: its JSON part, and the binary part cut up by binary_data_size. */
export interface BinaryAnswer {
  readonly json: Json;
  /** Raw elements by output; outputs in JSON are left out. */
  readonly raw: ReadonlyMap<string, Buffer>;
}

export function binaryOf(answer: HttpAnswer): BinaryAnswer {
  if (answer.status !== 200)
    throw new Failure(`HTTP ${answer.status}: ${answer.body.toString().slice(0, 200)}`);
  const length = Number(answer.headers.get('inference-header-content-length') ?? NaN);
  expect(length > 0 && length <= answer.body.length, `Inference-Header-Content-Length is ${length}`);
  const json = parse(answer.body.subarray(0, length));
  const raw = new Map<string, Buffer>();
  let at = length;
  for (const output of outputsOf(json)) {
    const size = output.parameters?.binary_data_size;
    if (size === undefined) continue;
    raw.set(output.name, answer.body.subarray(at, at + size));
    at += size;
  }
  expectEqual(at, answer.body.length, 'the length of header and binary parts together');
  return { json, raw };
}

export interface JsonOutput {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly data?: readonly unknown[];
  readonly parameters?: { readonly binary_data_size?: number };
}

export function outputsOf(json: Json): readonly JsonOutput[] {
  expect(Array.isArray(json['outputs']), 'the answer has no outputs');
  return json['outputs'] as JsonOutput[];
}

/** The data of an output that came as JSON. */
export function dataOf(json: Json, name: string): readonly unknown[] {
  const output = outputsOf(json).find((candidate) => candidate.name === name);
  if (output?.data === undefined) throw new Failure(`the answer has no data of ${name}`);
  return output.data;
}
