// An engine that takes its task and dies of it.
process.once('message', () => {
  process.stderr.write('last words\n', () => process.exit(3));
});
