// Requests to the agent. What changes something carries the session's secret; an answer that says that nobody is logged in
// ends the session for the whole page.
import { type Context, createContext } from "preact";
import type { SessionView } from "../../view.ts";
import type { ErrorAnswer, FieldProblem } from "./answers.ts";
import { CSRF_FIELD, PATHS } from "./paths.ts";

/** An answer other than 2xx, or none: then the status is 0. */
export class RequestFailed extends Error {
  readonly status: number;
  readonly code: string;
  readonly fields: readonly FieldProblem[];

  constructor(status: number, { error }: ErrorAnswer) {
    super(error.message);
    this.status = status;
    this.code = error.code;
    this.fields = error.fields ?? [];
  }

  /** The same with only these of its problems. */
  with(fields: readonly FieldProblem[]): RequestFailed {
    const { status, code, message } = this;
    return new RequestFailed(status, { error: { code, message, fields } });
  }
}

export interface Asked {
  readonly method?: "GET" | "PUT" | "POST" | "DELETE";
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Throws RequestFailed. Without content the answer is undefined. */
export async function request(path: string, asked: Asked = {}): Promise<unknown> {
  const { method = "GET", body, headers = {}, signal = null } = asked;
  const response = await fetch(path, {
    method,
    signal,
    credentials: "same-origin",
    headers: { ...headers, ...(body === undefined ? {} : { "content-type": "application/json" }) },
    body: body === undefined ? null : JSON.stringify(body),
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error;
    const message = "the agent does not answer: it is restarting, or the way to it is cut";
    throw new RequestFailed(0, { error: { code: "AGENT_UNAVAILABLE", message } });
  });
  const answer = await readJson(response);
  if (response.ok) return answer;
  throw new RequestFailed(response.status, readError(answer, response.status));
}

/** Why a stream was refused, which the browser does not tell; undefined when it is not refused any more. */
export async function explainRefusal(path: string): Promise<RequestFailed | undefined> {
  const end = new AbortController();
  const response = await fetch(path, { signal: end.signal }).catch(() => undefined);
  if (response === undefined || response.ok) {
    end.abort();
    return undefined;
  }
  return new RequestFailed(response.status, readError(await readJson(response), response.status));
}

/** Undefined when nobody is logged in. */
export async function readSession(): Promise<SessionView | undefined> {
  return await request(PATHS.session).then(
    (answer) => answer as SessionView,
    (error: unknown) => {
      if (error instanceof RequestFailed && error.status === 401) return undefined;
      throw error;
    },
  );
}

/** Throws RequestFailed, with 401 for a wrong token. */
export async function logIn(token: string): Promise<SessionView> {
  return (await request(PATHS.session, { method: "POST", body: { token } })) as SessionView;
}

/** What a session can ask. */
export interface Client {
  readonly session: SessionView;
  /** As {@link request}. */
  ask(path: string, asked?: Asked): Promise<unknown>;
  logOut(): Promise<void>;
}

export function createClient(session: SessionView, onOver: () => void): Client {
  const ask = async (path: string, asked: Asked = {}): Promise<unknown> => {
    const secret = (asked.method ?? "GET") === "GET" ? {} : { [CSRF_FIELD]: session.csrf };
    try {
      return await request(path, { ...asked, headers: { ...asked.headers, ...secret } });
    } catch (error) {
      if (error instanceof RequestFailed && error.status === 401) onOver();
      throw error;
    }
  };
  const logOut = async (): Promise<void> => {
    await ask(PATHS.session, { method: "DELETE" });
    onOver();
  };
  return { session, ask, logOut };
}

/** The client of whoever is logged in; views are drawn for nobody else. */
export const ClientContext: Context<Client | undefined> = createContext<Client | undefined>(
  undefined,
);

async function readJson(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readError(answer: unknown, status: number): ErrorAnswer {
  const isError =
    typeof answer === "object" &&
    answer !== null &&
    typeof (answer as Partial<ErrorAnswer>).error?.message === "string";
  if (isError) return answer as ErrorAnswer;
  return { error: { code: "INTERNAL", message: `expected an answer of the agent, got ${status}` } };
}
