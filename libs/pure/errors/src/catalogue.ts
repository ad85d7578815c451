import { Code, type CodeName } from './code.ts';
import { ServiceError, type ServiceErrorOptions } from './service-error.ts';

/** One line of a service's error catalogue; `docs/errors.md` is generated from these. */
export interface ErrorEntry {
  readonly code: CodeName;
  /** When it is raised, and what the caller can do about it. One or two sentences. */
  readonly help: string;
}

export type ErrorFactory = (message: string, options?: ServiceErrorOptions) => ServiceError;

export type ErrorCatalogue<Reason extends string> = { readonly [R in Reason]: ErrorFactory } & {
  readonly entries: Readonly<Record<Reason, ErrorEntry>>;
  readonly domain: string;
};

/**
 * Declares the errors of one service: `errors.MODEL_NOT_FOUND('no model "x" in this tenant', { metadata })`
 * builds the ServiceError with the declared code. Reasons are UPPER_SNAKE and unique within the domain.
 */
export function defineErrors<const Entries extends Record<string, ErrorEntry>>(
  service: string,
  entries: Entries,
): ErrorCatalogue<keyof Entries & string> {
  const domain = `${service}.plumbline.dev`;
  const factories = Object.fromEntries(
    Object.entries(entries).map(([reason, entry]): [string, ErrorFactory] => [
      reason,
      (message, options) => new ServiceError(Code[entry.code], reason, message, { ...options, domain }),
    ]),
  );
  return { ...factories, entries, domain } as ErrorCatalogue<keyof Entries & string>;
}
