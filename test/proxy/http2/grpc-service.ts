// A gRPC service and its clients without .proto files: a message is text in bytes.
import {
  type CallOptions,
  Client,
  type ClientDuplexStream,
  type ClientOptions,
  type ClientReadableStream,
  type ClientUnaryCall,
  type ClientWritableStream,
  credentials,
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServiceError,
} from "@grpc/grpc-js";

const asIs = (message: Buffer): Buffer => message;

function method(
  name: string,
  requestStream: boolean,
  responseStream: boolean,
): MethodDefinition<Buffer, Buffer> {
  return {
    ...{ path: `/shop.Orders/${name}`, requestStream, responseStream },
    ...{ requestSerialize: asIs, requestDeserialize: asIs },
    ...{ responseSerialize: asIs, responseDeserialize: asIs },
  };
}

const SERVICE = {
  ask: method("Ask", false, false),
  collect: method("Collect", true, false),
  list: method("List", false, true),
  talk: method("Talk", true, true),
};

/** What a service does; what is left out is not implemented. */
export interface Handlers {
  readonly ask?: handleUnaryCall<Buffer, Buffer>;
  readonly collect?: handleClientStreamingCall<Buffer, Buffer>;
  readonly list?: handleServerStreamingCall<Buffer, Buffer>;
  readonly talk?: handleBidiStreamingCall<Buffer, Buffer>;
}

export interface GrpcServer {
  readonly port: number;
  close(): void;
}

export async function startGrpcServer(handlers: Handlers): Promise<GrpcServer> {
  const server = new Server({ "grpc.max_receive_message_length": 8 * 1_048_576 });
  server.addService(SERVICE, { ...handlers });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
    if (error === null) resolve(port);
    else reject(error);
  });
  const port = await promise;
  return { port, close: () => server.forceShutdown() };
}

/** What a unary call brought back. */
export interface Answer {
  readonly message: string;
  readonly error: ServiceError | undefined;
  /** Of the beginning and the end of the response. */
  readonly metadata: Metadata;
  readonly trailers: Metadata;
}

export class GrpcClient {
  readonly #client: Client;

  constructor(address: string, options: ClientOptions = {}) {
    this.#client = new Client(address, credentials.createInsecure(), {
      ...{ "grpc.max_receive_message_length": 8 * 1_048_576, "grpc.enable_retries": 0 },
      ...options,
    });
  }

  async ask(
    message: string | Buffer,
    options: CallOptions = {},
    metadata: Metadata = new Metadata(),
  ): Promise<Answer> {
    const { promise, resolve } = Promise.withResolvers<Omit<Answer, "metadata" | "trailers">>();
    const call: ClientUnaryCall = this.#client.makeUnaryRequest(
      SERVICE.ask.path,
      asIs,
      asIs,
      Buffer.from(message),
      metadata,
      options,
      (error, value) => resolve({ message: String(value), error: error ?? undefined }),
    );
    const ends = endsOf(call);
    const answer = await promise;
    return { ...answer, ...(await ends) };
  }

  /** A call whose messages are all sent before it is answered. */
  collect(
    callback: (error: ServiceError | null, value?: Buffer) => void,
  ): ClientWritableStream<Buffer> {
    return this.#client.makeClientStreamRequest(SERVICE.collect.path, asIs, asIs, callback);
  }

  list(message: string, options: CallOptions = {}): ClientReadableStream<Buffer> {
    return this.#client.makeServerStreamRequest(
      SERVICE.list.path,
      asIs,
      asIs,
      Buffer.from(message),
      options,
    );
  }

  talk(options: CallOptions = {}): ClientDuplexStream<Buffer, Buffer> {
    return this.#client.makeBidiStreamRequest(SERVICE.talk.path, asIs, asIs, options);
  }

  close(): void {
    this.#client.close();
  }
}

/** The metadata before and after a response's messages. */
async function endsOf(
  call: ClientUnaryCall,
): Promise<{ readonly metadata: Metadata; readonly trailers: Metadata }> {
  let metadata = new Metadata();
  call.on("metadata", (seen: Metadata) => {
    metadata = seen;
  });
  const { promise, resolve } = Promise.withResolvers<Metadata>();
  call.on("status", (status) => resolve(status.metadata));
  const trailers = await promise;
  return { metadata, trailers };
}
