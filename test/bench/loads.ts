// The loads under which every subject is measured.

export interface Load {
  /** As in the tables, in `--loads` and in the JSON. */
  readonly name: string;
  readonly title: string;
  readonly connections: number;
  readonly bodyBytes: number;
  /** Requests a second at intended times; 0 is the closed loop, `half` is half of what closed-32 gave this subject. */
  readonly rate: number | "half";
}

const SMALL = 100;
const LARGE = 64 * 1024;

export const CLOSED_32: Load = {
  name: "closed-32",
  title: "closed loop, 32 connections, 100 B",
  ...{ connections: 32, bodyBytes: SMALL, rate: 0 },
};

/** In this order: `half` needs what CLOSED_32 gave. */
export const LOADS: readonly Load[] = [
  {
    name: "closed-1",
    title: "closed loop, 1 connection, 100 B",
    ...{ connections: 1, bodyBytes: SMALL, rate: 0 },
  },
  CLOSED_32,
  {
    name: "closed-256",
    title: "closed loop, 256 connections, 100 B",
    ...{ connections: 256, bodyBytes: SMALL, rate: 0 },
  },
  {
    name: "body-64k",
    title: "closed loop, 32 connections, 64 KiB",
    ...{ connections: 32, bodyBytes: LARGE, rate: 0 },
  },
  {
    name: "open-1000",
    title: "open loop, 1,000 requests/s, 32 connections, 100 B",
    ...{ connections: 32, bodyBytes: SMALL, rate: 1000 },
  },
  {
    name: "open-half",
    title: "open loop, half of the subject's own closed-32 rate, 32 connections, 100 B",
    ...{ connections: 32, bodyBytes: SMALL, rate: "half" },
  },
];
