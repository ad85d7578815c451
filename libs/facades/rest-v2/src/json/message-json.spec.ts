import { describe, expect, it } from '@jest/globals';
import { create } from '@bufbuild/protobuf';
import {
  DataType,
  ModelConfigSchema,
  ModelRepositoryParameterSchema,
  ModelStatisticsSchema,
} from '@plumbline/contract-oip';
import { messageJson } from './message-json.ts';

describe('a message in JSON', () => {
  it('has names as the proto writes them, numbers as numbers, enums by name', () => {
    const config = create(ModelConfigSchema, {
      name: 'm',
      maxBatchSize: 8,
      input: [{ name: 'x', dataType: DataType.TYPE_FP32, dims: [-1n, 4n] }],
      parameters: { threads: { stringValue: '2' } },
      versionPolicy: { policyChoice: { case: 'latest', value: { numVersions: 2 } } },
      schedulingChoice: {
        case: 'dynamicBatching',
        value: {
          maxQueueDelayMicroseconds: 2n ** 63n + 1n,
          priorityQueuePolicy: { '1': { maxQueueSize: 3 } },
        },
      },
    });
    expect(JSON.stringify(messageJson(ModelConfigSchema, config))).toContain(
      '"max_queue_delay_microseconds":9223372036854775809',
    );
    expect(messageJson(ModelConfigSchema, config)).toMatchObject({
      name: 'm',
      platform: '',
      version_policy: { latest: { num_versions: 2 } },
      max_batch_size: 8,
      input: [{ name: 'x', data_type: 'TYPE_FP32' }],
      output: [],
      parameters: { threads: { string_value: '2' } },
      dynamic_batching: { preferred_batch_size: [], priority_queue_policy: { '1': { max_queue_size: 3 } } },
    });
  });

  it('has zeros, but no message and no member of a oneof that is not set', () => {
    const empty = messageJson(ModelConfigSchema, create(ModelConfigSchema));
    for (const field of ['version_policy', 'dynamic_batching', 'response_cache']) {
      expect(empty).not.toHaveProperty(field);
    }
    expect(JSON.stringify(messageJson(ModelStatisticsSchema, create(ModelStatisticsSchema)))).toBe(
      '{"name":"","version":"","last_inference":0,"inference_count":0,"execution_count":0,"batch_stats":[],"memory_usage":[]}',
    );
  });

  it('has bytes in base64', () => {
    const message = create(ModelRepositoryParameterSchema, {
      parameterChoice: { case: 'bytesParam', value: Uint8Array.of(255) },
    });
    expect(messageJson(ModelRepositoryParameterSchema, message)).toEqual({ bytes_param: '/w==' });
  });
});
