/** Metadata that Plumbline services send each other. */
export const metadataNames = {
  authorization: 'authorization',
  tenant: 'plumbline-tenant',
  caller: 'plumbline-caller',
  requestId: 'plumbline-request-id',
  traceparent: 'traceparent',
  predictionId: 'plumbline-prediction-id',
} as const;
