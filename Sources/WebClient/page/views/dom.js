// Building and changing elements. Text goes in as text nodes only, so nothing that people write can become markup, and
// no style attributes are written, as the page's content security policy demands.

/**
 * @param {string} tag with classes, as in `button.primary`
 * @param {object} [options]
 * @param {Record<string, (event: Event) => void>} [options.on] listeners
 * @param {{text?: string, label?: string, title?: string, placeholder?: string}} [options.words] i18n keys, filled in
 *     by `fillWords` and again when the language changes
 * @param {Record<string, string | boolean>} [options.attributes] true sets an empty one, false none
 * @param {...(Node | string)} children
 */
export function h(tag, { on = {}, words = {}, attributes = {} } = {}, ...children) {
    const [name, ...classes] = tag.split('.');
    const element = document.createElement(name);
    if (classes.length > 0) element.className = classes.join(' ');
    for (const [event, listener] of Object.entries(on)) element.addEventListener(event, listener);
    for (const [purpose, key] of Object.entries(words)) element.setAttribute(`data-words-${purpose}`, key);
    for (const [attribute, value] of Object.entries(attributes)) setAttribute(element, attribute, value);
    element.append(...children);
    return element;
}

/** @param {string | boolean} value false removes it */
export function setAttribute(element, attribute, value) {
    const text = value === true ? '' : value;
    if (text === false) element.removeAttribute(attribute);
    else if (element.getAttribute(attribute) !== text) element.setAttribute(attribute, text);
}

export function setText(element, text) {
    if (element.textContent !== text) element.textContent = text;
}

/** Shows or hides without forgetting. */
export function setShown(element, shown) {
    if (element.hidden === shown) element.hidden = !shown;
}

const PURPOSES = {
    text: (element, words) => setText(element, words),
    label: (element, words) => setAttribute(element, 'aria-label', words),
    title: (element, words) => setAttribute(element, 'title', words),
    placeholder: (element, words) => setAttribute(element, 'placeholder', words),
};

/** @param {Element} root @param {(key: string) => string} t */
export function fillWords(root, t) {
    for (const [purpose, fill] of Object.entries(PURPOSES)) {
        for (const element of root.querySelectorAll(`[data-words-${purpose}]`)) {
            fill(element, t(element.getAttribute(`data-words-${purpose}`)));
        }
    }
}

/** Makes the parent's children exactly these, in this order, without touching those already in place. */
export function setChildren(parent, children) {
    children.forEach((child, index) => {
        if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] || null);
    });
    while (parent.children.length > children.length) parent.lastElementChild.remove();
}

/** Shows a track in a video element; an element keeps its stream while the track stays the same. */
export function showTrack(video, track) {
    const current = video.srcObject ? video.srcObject.getVideoTracks()[0] : null;
    if (current === (track || null)) return;
    video.srcObject = track ? new MediaStream([track]) : null;
    // Muted video may always play; a rejection only means that the next track came first.
    if (track) video.play().catch(() => {});
}
