import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@plumbline/testing';
import { buildInferResponse, parseInferRequest } from '@plumbline/tensors';
import { closeAll, exchangeBytes, postJson, serve, type RigOptions } from './rig.ts';

afterEach(closeAll);

const KIB = 1024;

const echo: RigOptions = {
  infer: (request) => {
    const { modelName, id, inputs, raw } = parseInferRequest(request);
    const outputs = inputs.map((input, index) => ({ ...input, raw: raw[index] ?? new Uint8Array() }));
    return buildInferResponse({ modelName, modelVersion: '1', id, outputs });
  },
};

async function infer(
  limits: NonNullable<RigOptions['limits']>,
  body: string | Buffer,
  headers: Record<string, string> = {},
) {
  const { url } = await serve({ ...echo, limits });
  const response = await fetch(`${url}/v2/models/m/infer`, { method: 'POST', body, headers });
  return { status: response.status, json: await response.json() };
}

const refusal = (status: number, reason: string) => ({
  status,
  json: expect.objectContaining({ reason, error: expect.any(String) }) as unknown,
});

describe('the size of a request', () => {
  it('is bounded by what Content-Length says', async () => {
    expect(await infer({ maxBodyBytes: 100 }, ' '.repeat(101))).toEqual(refusal(413, 'BODY_TOO_LARGE'));
  });

  it('is bounded as it comes', async () => {
    const { port } = await serve({ ...echo, limits: { maxBodyBytes: 100 } });
    const chunk = `64\r\n${' '.repeat(100)}\r\n`;
    const answer = await exchangeBytes(
      port,
      `POST /v2/models/m/infer HTTP/1.1\r\nhost: h\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n${chunk}${chunk}0\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1.1 413 .*BODY_TOO_LARGE/s);
  });

  it('is bounded once decompressed', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * KIB * KIB, ' '));
    expect(bomb.length).toBeLessThan(100 * KIB);
    const answer = await infer({ maxBodyBytes: 1_000 * KIB }, bomb, { 'content-encoding': 'gzip' });
    expect(answer).toEqual(refusal(413, 'BODY_TOO_LARGE'));
  });

  it('is bounded while it decompresses to nothing', async () => {
    const empty = gzipSync('');
    const many = Buffer.concat(Array.from({ length: 100 }, () => empty));
    const { port } = await serve({ ...echo, limits: { maxBodyBytes: 1_000 } });
    const head =
      'POST /v2/models/m/infer HTTP/1.1\r\nhost: h\r\nconnection: close\r\ncontent-encoding: gzip\r\n';
    const chunked = Buffer.concat([
      Buffer.from(`${head}transfer-encoding: chunked\r\n\r\n${many.length.toString(16)}\r\n`),
      many,
      Buffer.from('\r\n0\r\n\r\n'),
    ]);
    expect(await exchangeBytes(port, chunked)).toMatch(/^HTTP\/1.1 413 .*BODY_TOO_LARGE/s);
  });

  it('is bounded in its JSON', async () => {
    expect(await infer({ maxJsonBytes: 100 }, ' '.repeat(101))).toEqual(refusal(413, 'JSON_TOO_LARGE'));
  });

  it('is bounded by the method behind it', async () => {
    const large = {
      name: 'x',
      datatype: 'FP64',
      shape: [600_000],
      data: Array.from({ length: 600_000 }, () => 0),
    };
    expect(await infer({}, JSON.stringify({ inputs: [large] }))).toEqual(refusal(413, 'MESSAGE_TOO_LARGE'));
  });

  it('counts towards what all requests hold, until they are answered', async () => {
    const { promise: entered, resolve: enter } = Promise.withResolvers<void>();
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const { url } = await serve({
      limits: { maxHeldBytes: 30 },
      infer: async () => {
        enter();
        await released;
        return buildInferResponse({ modelName: 'm', modelVersion: '1', id: '', outputs: [] });
      },
    });
    const path = `${url}/v2/models/m/infer`;
    const first = postJson(path, '{"inputs":[]}       ');
    await entered;
    const second = await postJson(path, '{"inputs":[]}       ');
    expect([second.status, second.text]).toEqual([429, expect.stringContaining('TOO_MANY_BODY_BYTES')]);
    expect(second.headers.get('retry-after')).toBe('1');
    release();
    expect(await first).toMatchObject({ status: 200 });
    await eventually(async () => (await postJson(path, '{"inputs":[]}')).status === 200);
  });
});

describe('time', () => {
  it('ends the call behind a request that its client gives so long', async () => {
    const { url } = await serve({ infer: () => new Promise<never>(() => undefined) });
    const answer = await postJson(
      `${url}/v2/models/m/infer`,
      { inputs: [] },
      { 'plumbline-timeout-ms': '30' },
    );
    expect([answer.status, answer.text]).toEqual([504, expect.stringContaining('DEADLINE_EXPIRED')]);
  });

  it('ends the call behind a request whose body does not come, and the connection goes on', async () => {
    const { port } = await serve({ ...echo, serverLive: () => ({ live: true }) });
    const rest = '}';
    const answers = await exchangeBytes(
      port,
      'POST /v2/models/m/infer HTTP/1.1\r\nhost: h\r\nplumbline-timeout-ms: 50\r\ncontent-length: 2\r\n\r\n{',
      (received) => {
        if (!received.includes('DEADLINE_EXPIRED')) return undefined;
        return `${rest}GET /v2/health/live HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n`;
      },
    );
    expect([...answers.matchAll(/HTTP\/1.1 (\d+)/g)].map(([, status]) => status)).toEqual(['504', '200']);
  });

  it('ends the call behind a request whose client is gone', async () => {
    const { promise: entered, resolve: enter } = Promise.withResolvers<AbortSignal>();
    const { url } = await serve({
      infer: (_request, { signal }) => {
        enter(signal);
        return new Promise<never>(() => undefined);
      },
    });
    const client = new AbortController();
    const call = fetch(`${url}/v2/models/m/infer`, {
      method: 'POST',
      body: '{"inputs":[]}',
      signal: client.signal,
    });
    const failed = expect(call).rejects.toThrow('aborted');
    const signal = await entered;
    client.abort();
    await failed;
    await eventually(() => signal.aborted);
    expect(signal.reason).toMatchObject({ reason: 'CALL_CANCELLED' });
  });

  it('runs out for headers that do not come', async () => {
    const { port } = await serve({ limits: { headersTimeoutMs: 100, requestTimeoutMs: 200 } });
    const answer = await exchangeBytes(port, 'GET /v2 HTTP/1.1\r\nhost: ');
    expect(answer).toMatch(/^HTTP\/1.1 408 Request Timeout.*MALFORMED_HTTP/s);
  });

  it('runs out for a body that does not come', async () => {
    let asked = 0;
    const infer = (request: Buffer) => {
      asked++;
      return request;
    };
    const { port } = await serve({ infer, limits: { headersTimeoutMs: 100, requestTimeoutMs: 200 } });
    const answer = await exchangeBytes(
      port,
      'POST /v2/models/m/infer HTTP/1.1\r\nhost: h\r\ncontent-length: 9\r\n\r\n{',
    );
    expect(answer).toMatch(/^HTTP\/1.1 408 Request Timeout/);
    expect(asked).toBe(0);
  });
});

describe('connections', () => {
  it('are kept between requests, after failures too', async () => {
    const { port } = await serve({ serverLive: () => ({ live: true }) });
    const requests = [
      'GET /v2/health/live HTTP/1.1\r\nhost: h\r\n\r\n',
      'GET /nothing HTTP/1.1\r\nhost: h\r\n\r\n',
      'POST /v2/models/m/infer HTTP/1.1\r\nhost: h\r\ncontent-length: 2\r\n\r\n{}',
      'GET /v2/health/live HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n',
    ];
    const answers = await exchangeBytes(port, requests.join(''));
    expect([...answers.matchAll(/HTTP\/1.1 (\d+)/g)].map(([, status]) => status)).toEqual([
      '200',
      '404',
      '501',
      '200',
    ]);
  });

  it('are kept when a body was refused unread', async () => {
    const { port } = await serve({
      ...echo,
      serverLive: () => ({ live: true }),
      limits: { maxBodyBytes: 100 },
    });
    const body = ' '.repeat(300_000);
    const answers = await exchangeBytes(
      port,
      `POST /v2/models/m/infer HTTP/1.1\r\nhost: h\r\ncontent-length: ${body.length}\r\n\r\n${body}` +
        'GET /v2/health/live HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n',
    );
    expect([...answers.matchAll(/HTTP\/1.1 (\d+)/g)].map(([, status]) => status)).toEqual(['413', '200']);
  });

  it('that speak no HTTP are told so', async () => {
    const { port } = await serve();
    expect(await exchangeBytes(port, 'hello\r\n\r\n')).toMatch(/^HTTP\/1.1 400 Bad Request.*MALFORMED_HTTP/s);
    const header = `x: ${'y'.repeat(20_000)}`;
    expect(await exchangeBytes(port, `GET /v2 HTTP/1.1\r\nhost: h\r\n${header}\r\n\r\n`)).toMatch(
      /^HTTP\/1.1 431/,
    );
  });

  it('are only so many', async () => {
    const { port, url } = await serve({ serverLive: () => ({ live: true }), limits: { maxConnections: 1 } });
    const held = connect(port, '127.0.0.1');
    await new Promise((resolve) => held.once('connect', resolve));
    await expect(fetch(`${url}/v2/health/live`)).rejects.toThrow();
    held.destroy();
    await eventually(
      async () => (await fetch(`${url}/v2/health/live`).catch(() => undefined))?.status === 200,
    );
  });
});

describe('the end', () => {
  function gate() {
    const { promise: entered, resolve: enter } = Promise.withResolvers<AbortSignal>();
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const infer: NonNullable<RigOptions['infer']> = async (_request, { signal }) => {
      enter(signal);
      await released;
      return buildInferResponse({ modelName: 'm', modelVersion: '1', id: '', outputs: [] });
    };
    return { infer, entered, release };
  }

  it('waits for requests, and takes no more connections', async () => {
    const { infer, entered, release } = gate();
    const { url, facade } = await serve({ infer });
    const call = postJson(`${url}/v2/models/m/infer`, { inputs: [] });
    await entered;
    const drained = facade.drain(10_000);
    await expect(fetch(`${url}/v2`)).rejects.toThrow();
    release();
    const answer = await call;
    expect([answer.status, answer.headers.get('connection')]).toEqual([200, 'close']);
    await drained;
  });

  it('does not wait for connections without requests', async () => {
    const { port, facade, url } = await serve({ serverLive: () => ({ live: true }) });
    const silent = connect(port, '127.0.0.1');
    await new Promise((resolve) => silent.once('connect', resolve));
    await fetch(`${url}/v2/health/live`);
    await facade.drain(10_000);
    silent.destroy();
  });

  it('cancels what is left after the grace period', async () => {
    const { infer, entered } = gate();
    const { url, facade } = await serve({ infer });
    const failed = expect(postJson(`${url}/v2/models/m/infer`, { inputs: [] })).rejects.toThrow();
    const signal = await entered;
    await facade.drain(20);
    await failed;
    await eventually(() => signal.aborted);
  });
});
