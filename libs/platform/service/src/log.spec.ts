import { describe, expect, it } from '@jest/globals';
import { Code, ServiceError } from '@plumbline/errors';
import { createLog, withFields } from './log.ts';

function capture(): { lines: Record<string, unknown>[]; destination: { write(line: string): void } } {
  const lines: Record<string, unknown>[] = [];
  return {
    lines,
    destination: { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  };
}

describe('createLog', () => {
  it('writes one JSON object per line', () => {
    const { lines, destination } = capture();
    createLog({ service: 'audit', destination }).info({ tenant: 'acme', sequence: 2n ** 60n }, 'appended');
    expect(lines).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        service: 'audit',
        tenant: 'acme',
        sequence: '1152921504606846976',
        message: 'appended',
      },
    ]);
  });

  it('leaves out undeclared fields and says which', () => {
    const { lines, destination } = capture();
    createLog({ service: 'audit', destination }).info({ features: [0.5], tenant: 'acme' }, 'served');
    expect(lines[0]).toMatchObject({ tenant: 'acme', undeclared: ['features'] });
    expect(lines[0]).not.toHaveProperty('features');
  });

  it('writes errors with code, reason and causes', () => {
    const { lines, destination } = capture();
    const cause = new TypeError('inner');
    const error = new ServiceError(Code.NOT_FOUND, 'MODEL_NOT_FOUND', 'no model', { cause });
    createLog({ service: 'audit', destination }).error({ error }, 'failed');
    expect(lines[0]?.['error']).toMatchObject({
      type: 'ServiceError',
      code: 'NOT_FOUND',
      reason: 'MODEL_NOT_FOUND',
      message: 'no model',
      cause: { type: 'TypeError', message: 'inner' },
    });
  });

  it.each([
    [Code.NOT_FOUND, false],
    [Code.INTERNAL, true],
  ])('of service errors with code %d says where they were made: %s', (code, isDefect) => {
    const { lines, destination } = capture();
    const error = new ServiceError(code, 'SOME_REASON', 'a sentence');
    createLog({ service: 'audit', destination }).error({ error }, 'failed');
    expect('stack' in (lines[0]?.['error'] as object)).toBe(isDefect);
  });

  it('keeps silent below its level', () => {
    const { lines, destination } = capture();
    const log = createLog({ service: 'audit', level: 'warn', destination });
    log.info({}, 'unheard');
    log.warn({}, 'heard');
    expect(lines.map(({ message }) => message)).toEqual(['heard']);
  });

  it('adds the fields of a context to every line', () => {
    const { lines, destination } = capture();
    withFields(createLog({ service: 'audit', destination }), { tenant: 'acme' }).info({ rows: 1 }, 'x');
    expect(lines[0]).toMatchObject({ tenant: 'acme', rows: 1 });
  });
});
