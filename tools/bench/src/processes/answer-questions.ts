import type { Answered, Asked } from './program.ts';

/** The other end of a Program: answers each question as it comes, and ends with the process that asks. */
export function answerQuestions<Question>(answer: (question: Question) => Promise<unknown>): void {
  process.on('message', ({ id, question }: Asked) => {
    answer(question as Question).then(
      (value) => tell({ id, answer: value ?? null }),
      (error: unknown) => tell({ id, failure: error instanceof Error ? error.message : String(error) }),
    );
  });
  process.on('disconnect', () => process.exit());
}

function tell(message: Answered): void {
  if (process.connected) process.send?.(message);
}
