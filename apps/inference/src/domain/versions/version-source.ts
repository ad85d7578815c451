/** Where this replica learns which versions to serve. It tells the version table. */
export interface VersionSource {
  /** True once it is known what to serve. */
  readonly known: boolean;
  /** Takes up what is to be served now, and goes on following in the background. */
  start(): Promise<void>;
  /** To be told when a version has become ready, failed or gone. */
  kick(): void;
  /** Stops following. */
  close(): Promise<void>;
}
