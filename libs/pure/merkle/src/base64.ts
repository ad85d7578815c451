/** Decodes standard base64 with padding (RFC 4648 §4); undefined unless `text` is exactly what encoding gives. */
export function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}
