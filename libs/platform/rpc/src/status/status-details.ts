/** The trailer that carries google.rpc.Status. */
export const STATUS_DETAILS = 'grpc-status-details-bin';
