import { describe, expect, it } from '@jest/globals';
import { Allowance } from './allowance.ts';

const limits = { total: { rows: 10, bytes: 100 }, perTenant: { rows: 6, bytes: 60 } };
const load = (rows: number, bytes = rows) => ({ rows, bytes });

describe('Allowance', () => {
  it('refuses what goes beyond a limit in any unit, until something is let go', () => {
    const allowance = new Allowance(limits);
    const release = allowance.admit('acme', load(4));
    expect(allowance.admit('acme', load(3))).toBeUndefined();
    expect(allowance.admit('acme', load(1, 57))).toBeUndefined();
    release!();
    expect(allowance.admit('acme', load(3))).toBeDefined();
  });

  it('keeps room for other tenants, up to the total', () => {
    const allowance = new Allowance(limits);
    expect(allowance.admit('a', load(6))).toBeDefined();
    expect(allowance.admit('a', load(1))).toBeUndefined();
    expect(allowance.admit('b', load(4))).toBeDefined();
    expect(allowance.admit('c', load(1))).toBeUndefined();
  });

  it('admits a load of any size where nothing else is held', () => {
    const allowance = new Allowance(limits);
    const release = allowance.admit('acme', load(1_000));
    expect(release).toBeDefined();
    expect(allowance.admit('acme', load(1))).toBeUndefined();
    expect(allowance.admit('other', load(1))).toBeUndefined();
    release!();
    expect(allowance.admit('other', load(1))).toBeDefined();
  });
});
