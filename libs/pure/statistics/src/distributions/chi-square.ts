import { gammaStep, logGamma, upperGamma } from './gamma.ts';
import { normalSurvival } from './normal.ts';

/** P(X > x) of χ² with `degrees` > 0 degrees of freedom. */
export function chiSquareSurvival(x: number, degrees: number): number {
  return upperGamma(degrees / 2, x / 2);
}

/** From here on the Poisson mixture is wide enough that Sankaran's normal approximation is as good and much cheaper. */
const WIDE = 20_000;

/**
 * P(X > x) of the non-central χ² with non-centrality λ ≥ 0: the Poisson mixture of central ones, summed outwards
 * from its mode; above λ = 20,000 Sankaran's (1963) normal approximation.
 */
export function noncentralChiSquareSurvival(x: number, degrees: number, lambda: number): number {
  if (x < Number.MIN_VALUE / Number.EPSILON) return 1;
  if (lambda / 2 === 0) return chiSquareSurvival(x, degrees);
  return lambda > WIDE ? sankaranSurvival(x, degrees, lambda) : mixtureSurvival(x, degrees, lambda);
}

/** The x at which {@link noncentralChiSquareSurvival} equals `probability`, in (0, 1); bisection to 1e-12. */
export function noncentralChiSquareQuantile(probability: number, degrees: number, lambda: number): number {
  const mean = degrees + lambda;
  let low = 0;
  let high = mean + 20 * Math.sqrt(2 * (degrees + 2 * lambda)) + 50;
  while (noncentralChiSquareSurvival(high, degrees, lambda) > probability) high *= 2;
  while (high - low > 1e-12 * high) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (noncentralChiSquareSurvival(middle, degrees, lambda) > probability) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

function mixtureSurvival(x: number, degrees: number, lambda: number): number {
  const half = lambda / 2;
  const mode = Math.floor(half);
  const weightAtMode = Math.exp(mode * Math.log(half) - half - logGamma(mode + 1));
  const shape = degrees / 2 + mode;
  const tailAtMode = upperGamma(shape, x / 2);
  const stepAtMode = gammaStep(shape, x / 2);

  let sum = weightAtMode * tailAtMode;
  let weight = weightAtMode;
  let tail = tailAtMode;
  let step = stepAtMode;
  for (let j = mode; weight > 1e-18; j++) {
    tail += step;
    step *= x / 2 / (degrees / 2 + j + 1);
    weight *= half / (j + 1);
    sum += weight * Math.min(1, tail);
  }

  weight = weightAtMode;
  tail = tailAtMode;
  step = stepAtMode;
  for (let j = mode; j > 0 && weight > 1e-18; j--) {
    step *= (degrees / 2 + j) / (x / 2);
    tail -= step;
    weight *= j / half;
    sum += weight * Math.max(0, tail);
  }
  return Math.min(1, sum);
}

function sankaranSurvival(x: number, degrees: number, lambda: number): number {
  const mean = degrees + lambda;
  const spread = degrees + 2 * lambda;
  const h = 1 - (2 * mean * (degrees + 3 * lambda)) / (3 * spread * spread);
  const p = spread / (mean * mean);
  const m = (h - 1) * (1 - 3 * h);
  const centre = 1 + h * p * (h - 1 - ((2 - h) * m * p) / 2);
  return normalSurvival(((x / mean) ** h - centre) / (h * Math.sqrt(2 * p) * (1 + (m * p) / 2)));
}
