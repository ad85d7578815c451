export type ServingStatus = 'SERVING' | 'NOT_SERVING';

/**
 * What the server says of itself in grpc.health.v1. The empty name is the server as a whole. Every service starts as
 * SERVING; once shut down, all stay NOT_SERVING.
 */
export class HealthRegistry {
  readonly #statuses = new Map<string, ServingStatus>();
  readonly #watchers = new Set<(service: string) => void>();
  #shutDown = false;

  constructor(services: readonly string[]) {
    for (const service of ['', ...services]) this.#statuses.set(service, 'SERVING');
  }

  set(service: string, status: ServingStatus): void {
    if (this.#shutDown) return;
    this.#update(service, status);
  }

  /** undefined for a service that the server does not have. */
  get(service: string): ServingStatus | undefined {
    return this.#statuses.get(service);
  }

  entries(): readonly (readonly [string, ServingStatus])[] {
    return [...this.#statuses];
  }

  /** Calls back with the service's name after each change. Answers a function that unsubscribes. */
  watch(callback: (service: string) => void): () => void {
    this.#watchers.add(callback);
    return () => this.#watchers.delete(callback);
  }

  shutDown(): void {
    this.#shutDown = true;
    for (const service of this.#statuses.keys()) this.#update(service, 'NOT_SERVING');
  }

  #update(service: string, status: ServingStatus): void {
    if (this.#statuses.get(service) === status) return;
    this.#statuses.set(service, status);
    for (const watcher of [...this.#watchers]) watcher(service);
  }
}
