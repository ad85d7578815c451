import { defineErrors } from '@plumbline/errors';

/** What can stand in the way of a local Postgres or nats-server. Each message names the way out. */
export const errors = defineErrors('local', {
  POSTGRES_FAILED: {
    code: 'FAILED_PRECONDITION',
    help: 'The embedded Postgres did not start. Read its log, or point DATABASE_URL at a server of your own.',
  },
  POSTGRES_BINARIES_MISSING: {
    code: 'FAILED_PRECONDITION',
    help: 'No embedded Postgres is installed for this platform. Set DATABASE_URL to a Postgres of your own.',
  },
  NATS_FAILED: {
    code: 'FAILED_PRECONDITION',
    help: 'nats-server did not start. Read its log, or point NATS_URL at a server of your own.',
  },
  NATS_SERVER_MISSING: {
    code: 'FAILED_PRECONDITION',
    help: 'No nats-server was found. Install it, name it in NATS_SERVER, or set NATS_URL.',
  },
  NATS_UNREACHABLE: {
    code: 'UNAVAILABLE',
    help: 'No NATS server answers where NATS_URL says. Start one there, or leave NATS_URL unset for a local one.',
  },
  JETSTREAM_MISSING: {
    code: 'FAILED_PRECONDITION',
    help: 'The NATS server at NATS_URL runs without JetStream. Enable it, or leave NATS_URL unset for a local one.',
  },
  PORT_TAKEN: {
    code: 'FAILED_PRECONDITION',
    help: 'Another process listens on a port that a local server needs. Stop it or choose another port.',
  },
  ALREADY_RUNNING: {
    code: 'FAILED_PRECONDITION',
    help: 'Another running command uses the same data directory. Stop it first.',
  },
  ROLE_REFUSED: {
    code: 'PERMISSION_DENIED',
    help: 'The database user may not create roles or schemas. Connect as one that may, or create them beforehand.',
  },
});
