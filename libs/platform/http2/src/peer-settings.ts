import { ConnectionError, ErrorCode } from './error-codes.ts';
import { MAX_PAYLOAD_BYTES } from './frames/frame-types.ts';

export const Setting = {
  HEADER_TABLE_SIZE: 1,
  ENABLE_PUSH: 2,
  MAX_CONCURRENT_STREAMS: 3,
  INITIAL_WINDOW_SIZE: 4,
  MAX_FRAME_SIZE: 5,
  MAX_HEADER_LIST_SIZE: 6,
} as const;

export const DEFAULT_WINDOW_BYTES = 65_535;
export const MAX_WINDOW_BYTES = 2 ** 31 - 1;
const MAX_FRAME_BYTES = 2 ** 24 - 1;
const SETTING_BYTES = 6;

/** What the peer takes, of what we make use of (RFC 9113, section 6.5.2). */
export interface PeerSettings {
  readonly tableBytes: number;
  readonly windowBytes: number;
  readonly payloadBytes: number;
}

export const DEFAULT_PEER: PeerSettings = {
  tableBytes: 4_096,
  windowBytes: DEFAULT_WINDOW_BYTES,
  payloadBytes: MAX_PAYLOAD_BYTES,
};

/** The settings after a SETTINGS frame with this payload. @throws ConnectionError */
export function changedSettings(settings: PeerSettings, payload: Buffer): PeerSettings {
  if (payload.length % SETTING_BYTES !== 0) {
    throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, `SETTINGS of ${payload.length} bytes`);
  }
  let changed = settings;
  for (let at = 0; at < payload.length; at += SETTING_BYTES) {
    changed = withSetting(changed, payload.readUInt16BE(at), payload.readUInt32BE(at + 2));
  }
  return changed;
}

function withSetting(settings: PeerSettings, id: number, value: number): PeerSettings {
  switch (id) {
    case Setting.HEADER_TABLE_SIZE:
      return { ...settings, tableBytes: value };
    case Setting.ENABLE_PUSH:
      check(value <= 1, ErrorCode.PROTOCOL_ERROR, `ENABLE_PUSH is ${value}`);
      return settings;
    case Setting.INITIAL_WINDOW_SIZE:
      check(value <= MAX_WINDOW_BYTES, ErrorCode.FLOW_CONTROL_ERROR, `INITIAL_WINDOW_SIZE is ${value}`);
      return { ...settings, windowBytes: value };
    case Setting.MAX_FRAME_SIZE:
      check(
        value >= MAX_PAYLOAD_BYTES && value <= MAX_FRAME_BYTES,
        ErrorCode.PROTOCOL_ERROR,
        `MAX_FRAME_SIZE is ${value}`,
      );
      return { ...settings, payloadBytes: value };
    default:
      return settings;
  }
}

function check(holds: boolean, code: ErrorCode, fault: string): void {
  if (!holds) throw new ConnectionError(code, fault);
}
