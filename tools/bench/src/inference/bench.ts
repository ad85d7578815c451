import type { Progress } from '@plumbline/tool-launcher/screen';
import type { Children } from '../processes/children.ts';
import type { Result } from '../report/result.ts';
import type { BenchmarkModel } from './benchmark-models.ts';
import type { OipServer } from './oip-server.ts';
import type { Plan } from './plan.ts';
import type { Service } from './service.ts';

/** What measurements have to work with. */
export interface Bench {
  readonly plan: Plan;
  readonly children: Children;
  /** Holds every model of the repository. */
  readonly service: Service;
  /** The folder of its models. */
  readonly repository: string;
  readonly peer: OipServer | undefined;
  /** Devices asked for: `cpu` or `cuda:<number>`. */
  readonly devices: readonly string[] | undefined;
}

/** A server with a model, and the prefix of its figures' ids. */
export interface Contender {
  readonly server: OipServer;
  readonly prefix: '' | 'peer-';
}

/** One entry of the table, which `--only` names. */
export interface Measurement {
  readonly id: string;
  readonly title: string;
  /** Why it is left out where `--only` does not name it; undefined where it is not. Absent: it never is. */
  leaveOut?(bench: Bench): Promise<string | undefined>;
  measure(bench: Bench, progress: Progress): Promise<Result[]>;
}

/** Our service, and the peer where there is one that has the model. */
export async function contenders({ service, peer }: Bench, model: BenchmarkModel): Promise<Contender[]> {
  const ours: Contender = { server: service.server, prefix: '' };
  if (peer === undefined || !(await peer.holds(model))) return [ours];
  return [ours, { server: peer, prefix: 'peer-' }];
}
