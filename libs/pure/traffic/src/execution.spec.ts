import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatExecution, parseExecution } from './execution.ts';

const word = fc.stringMatching(/^[a-zA-Z0-9:._-]{0,80}$/);
const executions = fc.record({
  digest: word,
  invariance: fc.constantFrom('INVARIANT', 'VARIANT', 'UNTESTED'),
  invarianceRows: fc.nat(),
  batchRows: fc.nat(),
  queueUs: fc.nat(),
  inferUs: fc.nat(),
  replica: word,
});

describe('an execution', () => {
  it('is read as it was written, in printable text', () => {
    fc.assert(
      fc.property(executions, (execution) => {
        const text = formatExecution(execution);
        expect(text).toMatch(/^[ -~]*$/);
        expect(parseExecution(text)).toEqual(execution);
      }),
    );
  });

  it('is empty where a server says nothing, or nothing that can be read', () => {
    const nothing = {
      digest: '',
      invariance: '',
      invarianceRows: 0,
      batchRows: 0,
      queueUs: 0,
      inferUs: 0,
      replica: '',
    };
    expect(parseExecution(undefined)).toEqual(nothing);
    expect(parseExecution('')).toEqual(nothing);
    expect(parseExecution('batch-rows=many;queue-us=-1;=x;;infer-us')).toEqual(nothing);
  });

  it('is read from any text without failing', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseExecution(text)));
  });
});
