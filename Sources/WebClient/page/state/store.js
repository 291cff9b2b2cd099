// The store: one plain state, changed only by a pure reducer over events. It leaves meaning to the reducer and
// drawing to its subscribers.

/**
 * @template S
 * @param {(state: S, event: {type: string}) => S} reduce pure: the same state and event give the same result
 * @param {S} initial
 */
export function createStore(reduce, initial) {
    let state = initial;
    let notificationPending = false;
    /** @type {Set<(state: S) => void>} */
    const subscribers = new Set();

    // Subscribers run once per burst of events. A microtask and not an animation frame, because a hidden tab gets no
    // frames and must still attach the audio of people who join.
    function notify() {
        notificationPending = false;
        for (const subscriber of subscribers) subscriber(state);
    }

    return {
        /** @returns {S} */
        state: () => state,
        /** @param {{type: string}} event */
        dispatch(event) {
            const next = reduce(state, event);
            if (next === state) return;
            state = next;
            if (notificationPending) return;
            notificationPending = true;
            Promise.resolve().then(notify);
        },
        /** @param {(state: S) => void} subscriber called at once and after every change; @returns ends it */
        subscribe(subscriber) {
            subscribers.add(subscriber);
            subscriber(state);
            return () => subscribers.delete(subscriber);
        },
    };
}
