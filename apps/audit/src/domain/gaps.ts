import { type ProducerSequence, type SequenceGap } from './producer-sequence.ts';

/** A gap and whose it is. */
export interface ProducerGap extends SequenceGap {
  readonly producerId: string;
  readonly epoch: bigint;
}

export interface Gaps {
  /** Gaps that were noticed at least `minAgeUs` ago, oldest first. Younger ones may only have been overtaken. */
  noticedBefore(minAgeUs: bigint): Promise<ProducerGap[]>;
}

export function createGaps(
  readGaps: () => Promise<readonly ProducerSequence[]>,
  clock: { nowUs(): bigint },
): Gaps {
  return {
    async noticedBefore(minAgeUs) {
      const untilUs = clock.nowUs() - minAgeUs;
      const sequences = await readGaps();
      return sequences
        .flatMap(({ producerId, epoch, gaps }) => gaps.map((gap) => ({ producerId, epoch, ...gap })))
        .filter(({ noticedAtUs }) => noticedAtUs <= untilUs)
        .sort((a, b) => Number(a.noticedAtUs - b.noticedAtUs));
    },
  };
}
