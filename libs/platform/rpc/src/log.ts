/** Where log lines go: fields first, then a sentence. @plumbline/service's log is one. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** A log that adds `fields()` to every line. They are computed per line, so an unused log costs nothing. */
export function withFields(log: Log, fields: () => object): Log {
  return {
    debug: (more, message) => log.debug({ ...fields(), ...more }, message),
    info: (more, message) => log.info({ ...fields(), ...more }, message),
    warn: (more, message) => log.warn({ ...fields(), ...more }, message),
    error: (more, message) => log.error({ ...fields(), ...more }, message),
  };
}
