export { createRestFacade, type RestFacade } from './rest-facade.ts';
export { DEFAULT_LIMITS, type RestFacadeOptions, type RestLimits } from './rest-options.ts';
export { restErrors } from './errors.ts';
