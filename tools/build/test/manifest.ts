import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';

export interface Port {
  readonly name?: string;
  readonly port?: number | string;
  readonly containerPort?: number;
  readonly targetPort?: string;
}

export interface Probe {
  readonly httpGet: { readonly path: string; readonly port: number | string };
}

export interface Container {
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly ports?: readonly Port[];
  readonly readinessProbe: Probe;
  readonly livenessProbe?: Probe;
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly volumeMounts: readonly {
    readonly name: string;
    readonly mountPath: string;
    readonly readOnly?: boolean;
  }[];
}

export interface Pod {
  readonly containers: readonly Container[];
  readonly volumes: readonly { readonly name: string; readonly emptyDir?: object }[];
}

export interface Resource<Spec> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: Spec;
}

/** The only resource of a kind in a file. @throws where it is not there, or the file is not the YAML that it seems. */
export function readResource<Spec>(file: string, kind: string): Resource<Spec> {
  const documents = parseAllDocuments(readFileSync(file, 'utf8'));
  const [found, second] = documents.flatMap((document) => {
    const [problem] = [...document.errors, ...document.warnings];
    if (problem !== undefined) throw problem;
    const resource = document.toJS() as Resource<Spec>;
    return resource.kind === kind ? [resource] : [];
  });
  if (found === undefined || second !== undefined) throw new Error(`${file} has not one ${kind}`);
  return found;
}

/** The environment that a container gives its process. */
export function environmentOf({ env }: Container): Record<string, string> {
  return Object.fromEntries(env.map(({ name, value }) => [name, value]));
}

/** Where a container may write: folders that begin empty and last as long as its pod. */
export function writableFolders({ volumeMounts }: Container, { volumes }: Pod): string[] {
  const empty = new Set(volumes.flatMap(({ name, emptyDir }) => (emptyDir === undefined ? [] : [name])));
  return volumeMounts.filter(({ name }) => empty.has(name)).map(({ mountPath }) => mountPath);
}
