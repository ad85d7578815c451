import type { DescMethod } from '@bufbuild/protobuf';

/** `plumbline.audit.v1.AuditService/Append` */
export function pathOf(method: DescMethod): string {
  return `${method.parent.typeName}/${method.name}`;
}
