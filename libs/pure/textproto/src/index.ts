export { closestName } from './closest-name.ts';
export { parseText, unknownField } from './parse-text.ts';
export { TextError, type Position } from './text-error.ts';
