// The demo as a test sees it: the real compose/demo/compose.yaml under a project name and port of its own.
import { fileURLToPath } from "node:url";
import { compose, provided } from "./docker.ts";

const DEMO_FILE = fileURLToPath(new URL("../../compose/demo/compose.yaml", import.meta.url));
const PORT = 18_080;

/** Hops of a page view, as web tells them at /api/page. */
export interface ShopPage {
  readonly hops: readonly {
    readonly from: string;
    readonly to: string;
    readonly replica: string;
    readonly identity?: string;
  }[];
}

export class Shop implements AsyncDisposable {
  readonly name: string = "mesh-test-shop";
  readonly address: string = `http://127.0.0.1:${PORT}`;

  private constructor() {}

  static async up(): Promise<Shop> {
    const shop = new Shop();
    await shop.compose("up", "-d");
    return shop;
  }

  /** The services with the number of their replicas, by their names in the catalog. */
  get services(): Readonly<Record<string, number>> {
    const name = (service: string): string => `${this.name}-${service}`;
    return { [name("web")]: 1, [name("orders")]: 1, [name("inventory")]: 2, [name("redis")]: 1 };
  }

  async compose(...args: string[]): Promise<string> {
    const environment = {
      MESH_DEMO_IMAGE: provided("MESH_DEMO_IMAGE"),
      MESH_REDIS_IMAGE: provided("MESH_REDIS_IMAGE"),
      MESH_DEMO_PORT: String(PORT),
    };
    return await compose(environment, "-p", this.name, "-f", DEMO_FILE, ...args);
  }

  async containersOf(service: string): Promise<string[]> {
    return (await this.compose("ps", "-aq", service)).split("\n").filter(Boolean);
  }

  /** One view of the page; throws unless it is complete. */
  async view(): Promise<string> {
    const response = await fetch(this.address, { signal: AbortSignal.timeout(5_000) });
    const text = await response.text();
    if (response.status !== 200)
      throw new Error(`the page answered ${response.status}: ${text.slice(0, 500)}`);
    return text;
  }

  async page(): Promise<ShopPage> {
    const response = await fetch(`${this.address}/api/page`, {
      signal: AbortSignal.timeout(5_000),
    });
    if (response.status !== 200)
      throw new Error(`the page's data answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as ShopPage;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.compose("down", "--volumes", "--timeout", "2");
  }
}
