import { describe, expect, it } from '@jest/globals';
import { sumRequest } from '../../../test/fake-runner.ts';
import { batches } from './after-failure.ts';
import { PendingRequest } from './pending-request.ts';
import { RetryLine } from './retry-line.ts';

function pending(rows: number): PendingRequest {
  const x = Array.from({ length: rows }, (_, row) => [row]);
  const none = x.map(() => 0n);
  const patience = { deadlineMs: Infinity, signal: undefined };
  const item = new PendingRequest(sumRequest(x, none), rows, patience, { level: 0, timeoutUs: Infinity }, 0);
  item.answer.catch(() => undefined);
  return item;
}

describe('RetryLine', () => {
  it('counts each request once, however its rows are spread, and none that is counted elsewhere', () => {
    const line = new RetryLine(() => undefined);
    const [split, whole, settled] = [pending(4), pending(1), pending(1)];
    const slice = (item: PendingRequest, fromRow: number, rows: number) => ({
      item,
      fromRow,
      rows,
      atRow: 0,
    });
    line.add(batches([slice(split, 0, 2), slice(whole, 0, 1)]));
    line.add(batches([slice(split, 2, 2), slice(settled, 0, 1)]));
    settled.settle(new Error('gone'));
    expect(line.requestsBeside(() => false)).toBe(2);
    expect(line.requestsBeside((item) => item === split)).toBe(1);
  });
});
