// When to try again after the connection broke: at once, then with growing pauses (livekit-wire.md 5.4).

const DELAYS_MS = [0, 300, 1200, 2700, 4800, 7000, 7000, 7000, 7000, 7000];
/** Spreads the return of a whole meeting after a server restart. */
const JITTER_MS = 1000;

/**
 * @param {number} attempt from 1
 * @param {() => number} random 0 ≤ r < 1
 * @returns {?number} milliseconds to wait, or null when it is time to give up
 */
export function retryDelay(attempt, random) {
    const delay = DELAYS_MS[attempt - 1];
    if (delay === undefined) return null;
    return attempt <= 2 ? delay : delay + random() * JITTER_MS;
}
