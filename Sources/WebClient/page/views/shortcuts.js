// Keys of the meeting: M microphone, V video, S screen. Not while typing, not while an input method composes, and not
// together with a modifier.

/**
 * @param {() => import('../state/initial.js').State} state
 * @param {{toggleSource: (source: string) => void, toggleScreen: () => void}} actions
 */
export function listenForShortcuts(state, actions) {
    const keys = {
        m: () => actions.toggleSource('microphone'),
        v: () => actions.toggleSource('camera'),
        s: () => state().local.canShareScreen && actions.toggleScreen(),
    };
    document.addEventListener('keydown', (event) => {
        if (state().screen !== 'meeting' || event.isComposing || event.repeat) return;
        if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
        if (event.target instanceof Element && event.target.closest('input, select, textarea')) return;
        const action = keys[event.key.toLowerCase()];
        if (action) action();
    });
}
