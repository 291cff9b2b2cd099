// What the page remembers on this device: name, language, chosen devices. Never a token.

const PREFIX = 'hutong.';

export function createMemory() {
    return {
        /** @returns {?string} */
        get(key) {
            // Storage throws when a person has forbidden it; then nothing is remembered and everything still works.
            try {
                return localStorage.getItem(PREFIX + key);
            } catch {
                return null;
            }
        },
        set(key, value) {
            try {
                localStorage.setItem(PREFIX + key, value);
            } catch {
                // As above.
            }
        },
    };
}
