import { PassThrough } from 'node:stream';
import { fileObjects, type ObjectStore } from '@plumbline/objects';
import { serviceToken } from '@plumbline/rpc';
import { temporaryDirectory } from '@plumbline/testing';
import { startPlatform, type Platform } from '../../src/platform.ts';
import { addressVariable, type ServiceName } from '../../src/processes/services.ts';
import { Screen } from '../../src/terminal/screen.ts';
import { freeBasePort } from '../free-base-port.ts';
import { OwnServers } from './own-servers.ts';
import { PlainClient } from './plain-grpc.ts';
import { createTenant, type SmallTenant } from './small-tenant.ts';

/** All services, on a Postgres and a nats-server of their own, and plain clients to each. */
export class SmallPlatform {
  readonly servers: OwnServers;
  readonly basePort: number;
  readonly objects: ObjectStore;
  readonly #platform: Platform;
  readonly #clients = new Map<ServiceName, PlainClient>();
  readonly #tenants: SmallTenant[] = [];

  private constructor(servers: OwnServers, basePort: number, platform: Platform) {
    this.servers = servers;
    this.basePort = basePort;
    this.objects = fileObjects(platform.infrastructure.objectsDirectory);
    this.#platform = platform;
  }

  static async start(): Promise<SmallPlatform> {
    const home = await temporaryDirectory();
    const servers = await OwnServers.start(home);
    Object.assign(process.env, servers.environment);
    const screen = new Screen(new PassThrough() as unknown as NodeJS.WriteStream);
    const basePort = await freeBasePort();
    const platform = await startPlatform({ once: true, bare: true, home, basePort }, screen);
    return new SmallPlatform(servers, basePort, platform);
  }

  get home(): string {
    return this.#platform.home;
  }

  async createTenant(name: string): Promise<SmallTenant> {
    const { addresses, infrastructure } = this.#platform;
    const tenant = await createTenant(addresses, infrastructure.serviceSecret, name, this.objects);
    this.#tenants.push(tenant);
    return tenant;
  }

  /** Metadata of a service that acts for the tenant. */
  operator(tenant: string): { readonly authorization: string; readonly 'plumbline-tenant': string } {
    const authorization = serviceToken('operator', this.#platform.infrastructure.serviceSecret);
    return { authorization, 'plumbline-tenant': tenant };
  }

  pidOf(service: ServiceName): number {
    const pid = this.#platform.supervisor.pidOf(service);
    if (pid === undefined) throw new Error(`${service} does not run`);
    return pid;
  }

  clientOf(service: ServiceName): PlainClient {
    const client =
      this.#clients.get(service) ?? new PlainClient(this.#platform.addresses[addressVariable(service)] ?? '');
    this.#clients.set(service, client);
    return client;
  }

  async close(): Promise<void> {
    for (const client of this.#clients.values()) client.close();
    for (const { clients } of this.#tenants) clients.close();
    await this.#platform.stop();
    await this.servers.close();
    for (const name of Object.keys(this.servers.environment)) delete process.env[name];
  }
}
