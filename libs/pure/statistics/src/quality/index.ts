export { brierScore, calibrationInTheLarge, logLoss } from './probability-loss.ts';
export { calibrationBins, type CalibrationBin } from './calibration.ts';
export { type Confidence, type Estimate, type EstimateOptions } from './estimate.ts';
export { rocAuc, rocAucDifference } from './roc-auc.ts';
