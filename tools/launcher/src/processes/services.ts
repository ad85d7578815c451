/** The services that a deployment runs; they start together, each waits for those it needs, and drain in reverse. */
export const SERVICES = [
  { name: 'audit', offset: 50 },
  { name: 'registry', offset: 20 },
  { name: 'feature-store', offset: 10 },
  { name: 'trainer', offset: 60 },
  { name: 'inference', offset: 30 },
  { name: 'monitor', offset: 40 },
  { name: 'gateway', offset: 0 },
] as const;

export type ServiceName = (typeof SERVICES)[number]['name'];

/** Services that own tables, hence a role and a schema. */
export const WITH_DATABASE: readonly ServiceName[] = [
  'audit',
  'registry',
  'feature-store',
  'trainer',
  'monitor',
];

/** Addresses of all services, as each is told of the others: REGISTRY_ADDRESS, … */
export function addresses(basePort: number): Record<string, string> {
  return Object.fromEntries(
    SERVICES.map(({ name, offset }) => [addressVariable(name), `127.0.0.1:${basePort + offset}`]),
  );
}

export function addressVariable(name: ServiceName): string {
  return `${name.toUpperCase().replaceAll('-', '_')}_ADDRESS`;
}
