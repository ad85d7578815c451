import { setFlagsFromString } from 'node:v8';

/**
 * Has V8 count bytes outside of its heap, such as those that sockets read into, as part of the whole that it lets grow
 * before it collects. By itself it collects all generations whenever 64 MiB of them have been made, dead or alive, and a
 * socket makes 64 KiB for each read, however little it brings: 45 MB/s of requests then cost 8 full collections a second
 * and a quarter of a core, and a model's runner beside them an eighth of its speed. To be called before there is work.
 */
export function countExternalMemory(): void {
  setFlagsFromString('--external-memory-accounted-in-global-limit');
}
