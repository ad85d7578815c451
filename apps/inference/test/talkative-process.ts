// A runner process whose libraries fill both of its standard streams beyond what pipes hold.
process.stdout.write('x'.repeat(2 ** 20));
process.stderr.write('x'.repeat(2 ** 20));
await import('../src/engine/runner-process.ts');
