import { EventEmitter } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { followEndSignals } from './end-signals.ts';

function bench() {
  const source = new EventEmitter();
  const heard: string[] = [];
  const clock = { nowMs: 5_000 };
  followEndSignals({
    source,
    nowMs: () => clock.nowMs,
    stop: (signal) => heard.push(`stop on ${signal}`),
    quit: () => heard.push('quit'),
  });
  return { source, heard, clock };
}

describe('signals that end a process', () => {
  it.each(['SIGTERM', 'SIGINT'])('stop it on the first %s', (signal) => {
    const { source, heard } = bench();
    source.emit(signal);
    expect(heard).toEqual([`stop on ${signal}`]);
  });

  it('count as one within a second, as one Ctrl-C may come several times', () => {
    const { source, heard, clock } = bench();
    source.emit('SIGINT');
    clock.nowMs += 999;
    source.emit('SIGINT');
    source.emit('SIGTERM');
    expect(heard).toEqual(['stop on SIGINT']);
  });

  it('end it at once when one comes a second after the first', () => {
    const { source, heard, clock } = bench();
    source.emit('SIGINT');
    clock.nowMs += 1_000;
    source.emit('SIGTERM');
    expect(heard).toEqual(['stop on SIGINT', 'quit']);
  });
});
