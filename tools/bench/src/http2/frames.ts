/** Frame types of HTTP/2 (RFC 9113, §6) that a caller of unary methods sees. */
export const FRAME = {
  DATA: 0,
  HEADERS: 1,
  RST_STREAM: 3,
  SETTINGS: 4,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
} as const;

export const FLAG = { ACK: 1, END_STREAM: 1, END_HEADERS: 4, PADDED: 8, PRIORITY: 32 } as const;

export const FRAME_HEAD_BYTES = 9;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  /** A view, valid until the next read. */
  readonly payload: Buffer;
}

/** The bytes of one frame. */
export function frameOf(type: number, flags: number, streamId: number, payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(FRAME_HEAD_BYTES + payload.length);
  frame.writeUIntBE(payload.length, 0, 3);
  frame.writeUInt8(type, 3);
  frame.writeUInt8(flags, 4);
  frame.writeUInt32BE(streamId, 5);
  frame.set(payload, FRAME_HEAD_BYTES);
  return frame;
}

/** Cuts what arrives into frames, wherever it was cut on its way. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  /** Calls back for every frame that is complete, in order. */
  read(chunk: Buffer, take: (frame: Frame) => void): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (bytes.length - at >= FRAME_HEAD_BYTES) {
      const end = at + FRAME_HEAD_BYTES + bytes.readUIntBE(at, 3);
      if (bytes.length < end) break;
      take({
        type: bytes.readUInt8(at + 3),
        flags: bytes.readUInt8(at + 4),
        streamId: bytes.readUInt32BE(at + 5) & 0x7fffffff,
        payload: bytes.subarray(at + FRAME_HEAD_BYTES, end),
      });
      at = end;
    }
    this.#rest = bytes.subarray(at);
  }
}
