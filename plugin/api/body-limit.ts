// Said apart from what enforces it: the command, which knows it too, need not load the API for it.

/** Bytes of a request's body at most. */
export const BODY_LIMIT: number = 32 * 1024;
