import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

describe('the README', () => {
  it('shows a program that is compiled and runs', async () => {
    const [, shown] = /```ts\n([^]*?)```/.exec(read('../README.md')) ?? [];
    expect(shown).toBe(read('./readme-example.ts'));
    const { answer } = await import('./readme-example.ts');
    expect(answer).toMatchObject({ username: 'acme', payload: { body: new Uint8Array(3) } });
  });
});
