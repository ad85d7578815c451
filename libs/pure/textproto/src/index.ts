export { closestName } from './closest-name.ts';
export { parseText, unknownField } from './parse-text.ts';
export { TextError } from './text-error.ts';
