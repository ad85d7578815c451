export { LinkedLine, type Linked } from './linked-line.ts';
