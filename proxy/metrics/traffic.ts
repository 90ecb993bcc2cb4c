// Who called whom how often, how long that took and how it ended, since the last report. Bounded: what would be one series too
// many is counted among others.
import type { Socket } from "node:net";
import {
  addStreams,
  type ConversationReport,
  NO_STREAMS,
  OTHERS,
  type Reporter,
  type StreamsReport,
} from "../configuration/traffic-report.ts";
import { type Outcome, Series } from "./series.ts";
import { StreamMeter } from "./stream-meter.ts";

/** Series in one report; each is some 0.7 kB. Statuses and versions are the applications' own words. */
const MOST_SERIES = 1_000;

/** A request that is over. */
export interface Counted extends Outcome {
  readonly requestBytes: number;
  readonly responseBytes: number;
}

/** A byte stream that is open. */
interface Open {
  readonly reporter: Reporter;
  readonly peer: string;
  readonly version: string;
  readonly meter: StreamMeter;
}

export class Traffic {
  /** By reporter, peer and version. */
  readonly #conversations: Readonly<Record<Reporter, Map<string, Map<string, Conversation>>>> = {
    source: new Map(),
    destination: new Map(),
  };
  readonly #open = new Set<Open>();
  #series = 0;

  /** For the peer and the version see {@link ConversationReport}. */
  count(
    reporter: Reporter,
    peer: string,
    version: string,
    request: Counted,
    milliseconds: number,
  ): void {
    const conversation = this.#conversations[reporter].get(peer)?.get(version);
    const series = conversation?.find(request) ?? this.#add(reporter, peer, version, request);
    series.record(milliseconds, request.requestBytes, request.responseBytes);
  }

  /** Counts a byte stream until the socket is closed, which is the application's, of the end that reports. */
  follow(reporter: Reporter, peer: string, version: string, socket: Socket): void {
    const meter = new StreamMeter(socket, reporter === "source" ? "caller" : "callee");
    const stream = { reporter, peer, version, meter };
    // Its caller may have gone while the endpoint was dialled: nothing would ever tell that it is over.
    if (socket.closed) {
      this.#addStreams(stream, meter.read(true));
      return;
    }
    this.#open.add(stream);
    socket.once("close", () => {
      this.#open.delete(stream);
      this.#addStreams(stream, meter.read(true));
    });
  }

  /** All of it; from then on it is counted anew. */
  take(): readonly ConversationReport[] {
    for (const stream of this.#open) this.#addStreams(stream, stream.meter.read(false));
    const reports = [...this.#all()];
    for (const peers of Object.values(this.#conversations)) peers.clear();
    this.#series = 0;
    return reports;
  }

  /** Nobody has heard of what was taken: it is still to be told. */
  giveBack(reports: readonly ConversationReport[]): void {
    for (const { reporter, peer, version, requests, streams } of reports) {
      for (const report of requests) {
        const known = this.#conversations[reporter].get(peer)?.get(version)?.find(report);
        (known ?? this.#add(reporter, peer, version, report)).add(report);
      }
      if (streams !== undefined) this.#addStreams({ reporter, peer, version }, streams);
    }
  }

  *#all(): Iterable<ConversationReport> {
    for (const [reporter, peers] of Object.entries(this.#conversations)) {
      for (const [peer, versions] of peers) {
        for (const [version, conversation] of versions)
          yield {
            ...{ reporter: reporter as Reporter, peer, version },
            ...{ requests: conversation.read(), streams: conversation.streams },
          };
      }
    }
  }

  #add(reporter: Reporter, peer: string, version: string, outcome: Outcome): Series {
    if (this.#series >= MOST_SERIES && peer !== OTHERS)
      return this.#among(reporter, OTHERS, "").of({ status: hundreds(outcome.status) });
    this.#series += 1;
    return this.#among(reporter, peer, version).of(outcome);
  }

  #addStreams({ reporter, peer, version }: Omit<Open, "meter">, streams: StreamsReport): void {
    // Most streams have nothing to say for hours.
    if (Object.values(streams).every((value) => value === 0)) return;
    const isKnown = this.#conversations[reporter].get(peer)?.has(version) === true;
    if (!isKnown) this.#series += 1;
    const conversation =
      isKnown || this.#series <= MOST_SERIES
        ? this.#among(reporter, peer, version)
        : this.#among(reporter, OTHERS, "");
    conversation.streams = addStreams(conversation.streams ?? NO_STREAMS, streams);
  }

  #among(reporter: Reporter, peer: string, version: string): Conversation {
    const peers = this.#conversations[reporter];
    const versions = peers.get(peer) ?? new Map<string, Conversation>();
    peers.set(peer, versions);
    const conversation = versions.get(version) ?? new Conversation();
    versions.set(version, conversation);
    return conversation;
  }
}

/** With one peer, and one version of it. */
class Conversation {
  streams: StreamsReport | undefined;
  /** Of what an application answered over HTTP: nearly all, which must not cost a text each. */
  readonly #answered = new Map<number, Series>();
  readonly #others = new Map<string, Series>();

  find({ status, failure, grpcStatus }: Outcome): Series | undefined {
    return failure === undefined && grpcStatus === undefined
      ? this.#answered.get(status)
      : this.#others.get(`${status} ${failure} ${grpcStatus}`);
  }

  /** Made if there is none. */
  of(outcome: Outcome): Series {
    const known = this.find(outcome);
    if (known !== undefined) return known;
    const { status, failure, grpcStatus } = outcome;
    const series = new Series(outcome);
    if (failure === undefined && grpcStatus === undefined) this.#answered.set(status, series);
    else this.#others.set(`${status} ${failure} ${grpcStatus}`, series);
    return series;
  }

  read(): ConversationReport["requests"] {
    return [...this.#answered.values(), ...this.#others.values()].map((series) => series.read());
  }
}

function hundreds(status: number): number {
  return Math.floor(status / 100) * 100;
}
