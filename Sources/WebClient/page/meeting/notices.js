// Short messages over the current screen, and how long they stay.

const INFO_MS = 4000;
const PROBLEM_MS = 12_000;

/** @param {(event: {type: string}) => void} dispatch */
export function createNotices(dispatch) {
    let nextId = 1;

    function raise(tone, code, params, milliseconds) {
        const id = nextId++;
        dispatch({ type: 'noticeRaised', notice: { id, tone, code, params } });
        if (milliseconds > 0) setTimeout(() => dispatch({ type: 'noticeDismissed', id }), milliseconds);
    }

    return {
        /** @param {string} code i18n key `notice.<code>` */
        info: (code, params = {}) => raise('info', code, params, INFO_MS),
        /** @param {string} code fault code @param {{lasting?: boolean}} [options] lasting: until withdrawn or closed */
        problem: (code, params = {}, { lasting = false } = {}) =>
            raise('problem', code, params, lasting ? 0 : PROBLEM_MS),
        /** Its cause is over. */
        withdraw: (code) => dispatch({ type: 'noticeWithdrawn', code }),
    };
}
