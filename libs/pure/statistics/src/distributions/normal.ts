import { upperGamma } from './gamma.ts';

/** P(Z > z) of the standard normal. */
export function normalSurvival(z: number): number {
  const tail = upperGamma(0.5, (z * z) / 2) / 2;
  return z >= 0 ? tail : 1 - tail;
}

/** P(|Z| > |z|) of the standard normal. */
export function normalTwoSided(z: number): number {
  return upperGamma(0.5, (z * z) / 2);
}
