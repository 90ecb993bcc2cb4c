// A Redis client over one TCP connection: commands are pipelined, a lost connection is dialled again when next needed.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { encodeCommand, type RedisReply, ReplyParser } from "./resp.ts";

/** Between two attempts to connect, in milliseconds. */
const RETRY_PAUSE = 100;

export class RedisClient {
  readonly #host: string;
  readonly #port: number;
  #connection: Connection | undefined;
  #dialling: Promise<Connection> | undefined;

  /** `redis://host:port`; nothing is dialled before the first command. */
  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.#host = hostname;
    this.#port = Number(port || 6379);
  }

  /**
   * Sends a command and resolves with its reply. Waits for Redis to come back for as long as the signal allows, but
   * repeats nothing that was sent: it may have been done.
   */
  async command(words: readonly string[], signal: AbortSignal): Promise<RedisReply> {
    const connection = await this.#connected(signal);
    return connection.send(words, signal);
  }

  close(): void {
    this.#connection?.close(new Error("the client was closed"));
  }

  async #connected(signal: AbortSignal): Promise<Connection> {
    for (;;) {
      if (this.#connection?.usable === true) return this.#connection;
      try {
        this.#dialling ??= this.#dial();
        return await this.#dialling;
      } catch (cause) {
        await delay(RETRY_PAUSE, undefined, { signal }).catch(() => {
          throw new Error("redis cannot be reached", { cause });
        });
      }
    }
  }

  /** One attempt, shared by all who wait for it. */
  async #dial(): Promise<Connection> {
    const socket = connect({ host: this.#host, port: this.#port, noDelay: true, keepAlive: true });
    try {
      await once(socket, "connect", { signal: AbortSignal.timeout(1_000) });
      this.#connection = new Connection(socket);
      return this.#connection;
    } catch (error) {
      socket.on("error", () => undefined).destroy();
      throw error;
    } finally {
      this.#dialling = undefined;
    }
  }
}

/** Replies come in the order of the commands, so the oldest waiter is always the one to answer. */
class Connection {
  readonly #socket: Socket;
  readonly #parser = new ReplyParser();
  readonly #waiting: PromiseWithResolvers<RedisReply>[] = [];

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("error", (error) => this.close(error));
    socket.on("close", () => this.close(new Error("redis closed the connection")));
  }

  get usable(): boolean {
    return this.#socket.writable;
  }

  async send(words: readonly string[], signal: AbortSignal): Promise<RedisReply> {
    signal.throwIfAborted();
    const waiter = Promise.withResolvers<RedisReply>();
    this.#waiting.push(waiter);
    // A reply that is given up would be taken for the next command's: give up the connection with it.
    const onAbort = (): void => this.close(new Error("redis did not reply in time"));
    signal.addEventListener("abort", onAbort, { once: true });
    this.#socket.write(encodeCommand(words));
    try {
      return await waiter.promise;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  close(reason: Error): void {
    this.#socket.destroy();
    for (const waiter of this.#waiting.splice(0)) waiter.reject(reason);
  }

  #receive(chunk: Buffer): void {
    try {
      for (const reply of this.#parser.push(chunk)) this.#waiting.shift()?.resolve(reply);
    } catch (error) {
      this.close(error as Error);
    }
  }
}
