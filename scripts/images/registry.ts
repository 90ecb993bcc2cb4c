// Whether images can be had from a registry. That is found out once, with one pull: an engine without a way out answers
// at once or never, and asking again for every image would only add waiting.
import { attempt } from "../command.ts";
import { imageId } from "../engine/docker.ts";

const FIRST_SIGN_MS = 6_000;

export class Registry {
  readonly #remember: (image: string, pulled: boolean) => Promise<void>;
  #offline = false;

  /** `remember` is told of an image before it is pulled, and again with `false` when that failed. */
  constructor(remember: (image: string, pulled: boolean) => Promise<void>) {
    this.#remember = remember;
  }

  /** Whether a pull has failed, so that everything has to be made from Debian packages. */
  get offline(): boolean {
    return this.#offline;
  }

  /** Whether the engine has the image now: had it, or could pull it. */
  async obtain(image: string): Promise<boolean> {
    if ((await imageId(image)) !== undefined) return true;
    if (this.#offline) return false;
    await this.#remember(image, true);
    this.#offline = !(await pull(image));
    if (this.#offline) await this.#remember(image, false);
    return !this.#offline;
  }
}

/** Pulls an image; gives up when the registry gives no sign of itself within seconds. */
async function pull(image: string): Promise<boolean> {
  const silent = new AbortController();
  const timer = setTimeout(() => silent.abort(), FIRST_SIGN_MS);
  try {
    const { code } = await attempt("docker", ["pull", image], {
      signal: silent.signal,
      onOutput: (text) => {
        if (text.includes("Pulling from")) clearTimeout(timer);
      },
    });
    return code === 0;
  } finally {
    clearTimeout(timer);
  }
}
