export type { Http2Options } from './connection-options.ts';
export { ErrorCode } from './error-codes.ts';
export { Http2Server } from './http2-server.ts';
export { Http2Stream, type StreamHandler } from './http2-stream.ts';
export { RequestHeaders } from './request-headers.ts';
