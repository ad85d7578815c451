import {
  connect as connectHttp2,
  type ClientHttp2Session,
  type SecureClientSessionOptions,
} from 'node:http2';
import { connect as connectSocket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, it } from '@jest/globals';
import { localhost, stranger } from './certificates.ts';
import { ask, closeAll, echo, serve } from './serve.ts';

const sessions: ClientHttp2Session[] = [];
afterEach(async () => {
  for (const session of sessions.splice(0)) session.destroy();
  await closeAll();
});

function session(port: number, options: SecureClientSessionOptions = {}): ClientHttp2Session {
  const made = connectHttp2(`https://127.0.0.1:${port}`, { ca: localhost.cert, ...options });
  made.on('error', () => undefined);
  sessions.push(made);
  return made;
}

const mutual = { ...localhost, requestCert: true, rejectUnauthorized: true, ca: localhost.cert };

describe('over TLS', () => {
  it('bodies come and go whole', async () => {
    const { port } = await serve(echo, {}, localhost);
    const body = Buffer.alloc(200_000, 'x');
    const answer = await ask(session(port), body);
    expect(answer.body.equals(body)).toBe(true);
  });

  it('a client with a certificate that the authority signed is served, others are not', async () => {
    const { port } = await serve(echo, {}, mutual);
    expect(await ask(session(port, localhost), Buffer.from('known'))).toMatchObject({ status: 200 });
    expect((await ask(session(port, stranger), Buffer.from('strange'))).status).toBeUndefined();
    expect((await ask(session(port), Buffer.from('none'))).status).toBeUndefined();
    expect(await ask(session(port, localhost), Buffer.from('known'))).toMatchObject({ status: 200 });
  });

  it('a client that does not ask for h2 is let go', async () => {
    const { port } = await serve(echo, {}, localhost);
    const socket = connectTls({ port, host: '127.0.0.1', ca: localhost.cert });
    socket.on('error', () => undefined);
    const pieces: Buffer[] = [];
    socket.on('data', (piece: Buffer) => pieces.push(piece));
    await new Promise((resolve) => socket.on('close', resolve));
    expect(pieces).toEqual([]);
  });

  it('a client that never completes the handshake does not outlive the server', async () => {
    const { server, port } = await serve(echo, {}, localhost);
    const socket = connectSocket(port, '127.0.0.1');
    socket.on('error', () => undefined);
    await new Promise((resolve) => socket.on('connect', resolve));
    const gone = new Promise((resolve) => socket.on('close', resolve));
    const closed = server.close();
    server.destroy();
    await Promise.all([closed, gone]);
  });

  it('a handshake has a bound', async () => {
    const { port } = await serve(echo, {}, { ...localhost, handshakeTimeout: 20 });
    const socket = connectSocket(port, '127.0.0.1');
    socket.on('error', () => undefined);
    await new Promise((resolve) => socket.on('close', resolve));
    expect(await ask(session(port, {}), Buffer.from('others'))).toBeDefined();
  });
});
