// Everything that one turn of the event loop has to say goes out at its end, in one write for each link.

export interface Flushable {
  /** Sends what has gathered. Must not throw. */
  flush(): void;
}

let due: Flushable[] = [];

/** Has it flushed when the current turn has read all that can be read. Once is enough until then. */
export function flushSoon(item: Flushable): void {
  if (due.length === 0) setImmediate(flushAll);
  due.push(item);
}

function flushAll(): void {
  const items = due;
  due = [];
  for (const item of items) item.flush();
}
