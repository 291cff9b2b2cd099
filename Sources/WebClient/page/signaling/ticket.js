// Where the right to join comes from: an invitation given in the address, or, on a development server, its token
// endpoint. Outside development that endpoint does not exist (404) and the page says so.

/** How long a fetched token is used for a first join without asking again. */
const FRESH_MS = 5 * 60 * 1000;

/**
 * @typedef {{token: string, base: string}} Ticket `base` is the http(s) address of the server that takes the token
 * @typedef {{ticket: Ticket} | {fault: import('../state/initial.js').Fault}} Outcome
 */

/**
 * @param {object} options
 * @param {string} options.page the page's own address
 * @param {string} options.invitation token from the address, or empty
 * @param {typeof fetch} options.fetch
 * @param {() => number} options.now milliseconds
 */
export function createTicketSource({ page, invitation, fetch, now }) {
    const home = new URL('.', page).href;
    let prepared = { key: '', at: 0, outcome: null };

    async function request(room, name) {
        const address = new URL('dev/token', home);
        address.search = new URLSearchParams({ room, name }).toString();
        let response;
        try {
            response = await fetch(address.href, { cache: 'no-store' });
        } catch {
            return { fault: { code: 'server-unreachable' } };
        }
        if (response.status === 404) return { fault: { code: 'needs-invitation' } };
        if (!response.ok) return { fault: { code: 'refused', params: { status: response.status } } };
        try {
            const { token, url } = await response.json();
            if (typeof token === 'string' && token) return { ticket: { token, base: new URL(url || '/', home).href } };
        } catch {
            // Not JSON: some other server answers there; said below.
        }
        return { fault: { code: 'server-error', params: { status: response.status } } };
    }

    return {
        /**
         * The ticket for this room and name. Calling it early, before Join is pressed, makes joining faster.
         * @returns {Promise<Outcome>}
         */
        obtain(room, name) {
            if (invitation) return Promise.resolve({ ticket: { token: invitation, base: home } });
            const key = JSON.stringify([room, name]);
            if (prepared.key !== key || now() - prepared.at > FRESH_MS) {
                const current = { key, at: now(), outcome: request(room, name) };
                prepared = current;
                // A failure is not kept: the next press of Join asks again.
                current.outcome.then((outcome) => {
                    if (outcome.fault) current.key = '';
                });
            }
            return prepared.outcome;
        },
    };
}
