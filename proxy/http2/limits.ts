// What a connection may hold, on either side of the sidecar.

/** Bytes of one stream that may be on their way to us, or wait here: 1000 stalled streams hold at most 64 MB. */
export const STREAM_WINDOW = 65_535;
/** Bytes on their way to us on all streams together; what has arrived counts for its stream alone. */
export const CONNECTION_WINDOW = 1_048_576;
