import { answer, onRequest } from './channel.ts';

// Refuses every model with the names of its environment for a detail.
onRequest(() => {
  answer({ kind: 'refused', reason: 'MODEL_INVALID', detail: JSON.stringify(Object.keys(process.env)) });
});
