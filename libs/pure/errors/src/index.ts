export { Code, codeName, type CodeName } from './code.ts';
export { ServiceError, hasReason, type FieldViolation, type ServiceErrorOptions } from './service-error.ts';
export { defineErrors, type ErrorCatalogue, type ErrorEntry, type ErrorFactory } from './catalogue.ts';
