export { parseText } from './parse-text.ts';
export { TextError } from './text-error.ts';
