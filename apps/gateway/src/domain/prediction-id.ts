import { isUuid, mintUuidV7 } from '@plumbline/uuid';
import { errors } from './errors.ts';

/** The caller's id in canonical lower case, or a fresh UUID version 7 where none was sent. */
export function predictionId(sent: string | undefined, nowUs: bigint): string {
  if (sent === undefined || sent === '') return mintUuidV7(nowUs);
  if (!isUuid(sent)) throw errors.PREDICTION_ID_INVALID(`"${sent.slice(0, 64)}" is not a UUID`);
  return sent.toLowerCase();
}
