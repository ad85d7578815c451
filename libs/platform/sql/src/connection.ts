import pg from 'pg';

/**
 * pg's options for a URL: UTC, only `schema` on the search path, and a server that notices within a second that
 * its client is gone, so that abandoned queries do not run on.
 */
export function connectionOptions(url: string, schema: string): pg.ClientConfig {
  const path = pg.escapeIdentifier(schema).replaceAll(' ', '\\ ');
  return {
    connectionString: url,
    options: `-c search_path=${path} -c timezone=UTC -c client_connection_check_interval=1000`,
    application_name: `plumbline ${schema}`,
  };
}
