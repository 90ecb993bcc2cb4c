// Whether a destination is still there, asked on behalf of everyone who waits for it.

/** Milliseconds for which an answer is good, and after which a silent destination is asked. */
export const SILENCE = 500;

/** Asks at most once per {@link SILENCE}, however many ask. */
export function shareLook(answers: () => Promise<boolean>): () => Promise<boolean> {
  let askedAt = Number.NEGATIVE_INFINITY;
  let answer = Promise.resolve(true);
  return () => {
    const now = performance.now();
    if (now - askedAt >= SILENCE) {
      askedAt = now;
      answer = answers();
    }
    return answer;
  };
}
