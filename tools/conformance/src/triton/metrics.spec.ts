import { describe, expect, it } from '@jest/globals';
import { sampleOf } from './metrics.ts';

const PAGE = `# HELP nv_inference_count Rows run.
# TYPE nv_inference_count counter
nv_inference_count{model="simple",version="1"} 7
nv_inference_count{version="2",model="simple"} 9
nv_inference_count{model="simple_int8",version="1"} 11
nv_inference_request_failure{reason="REJECTED",model="simple",version="1"} 2
nv_inference_request_failure{reason="OTHER",model="simple",version="1"} 3 1700000000
`;

describe('a sample of a metrics page', () => {
  it('is that of the metric, the model and its first version', () => {
    expect(sampleOf(PAGE, 'nv_inference_count', 'simple')).toBe(7);
    expect(sampleOf(PAGE, 'nv_inference_count', 'simple_int8')).toBe(11);
  });

  it('adds up what other labels tell apart', () => {
    expect(sampleOf(PAGE, 'nv_inference_request_failure', 'simple')).toBe(5);
  });

  it('is not there for what the page lacks', () => {
    expect(sampleOf(PAGE, 'nv_inference_count', 'other')).toBeUndefined();
    expect(sampleOf(PAGE, 'nv_inference', 'simple')).toBeUndefined();
  });
});
