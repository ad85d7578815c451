export { derivedUuid, formatUuid, isUuid, mintUuidV7, parseUuid } from './uuid.ts';
