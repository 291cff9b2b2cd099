// What can be wrong with a screen whatever it shows. Each function returns descriptions of what it found.

const isShown = (element) => element.getClientRects().length > 0 && !element.closest('.visually-hidden, .copy-words');
const shown = (selector) => [...document.querySelectorAll(selector)].filter(isShown);
const described = (element) => element.outerHTML.slice(0, 120);

/** Elements that stick out of the window, and a page that scrolls sideways. */
export function stickingOut() {
    const trouble = [];
    const { scrollWidth } = document.documentElement;
    if (scrollWidth > innerWidth) trouble.push(`page is ${scrollWidth} wide`);
    for (const element of shown('button, input, select, .tile, h1, .banner, .notice, .connection')) {
        const { left, right, top, bottom } = element.getBoundingClientRect();
        const sideways = left < -1 || right > innerWidth + 1;
        // A meeting fills the window; other screens may scroll.
        const upright = element.closest('.meeting') && (top < -1 || bottom > innerHeight + 1);
        if (sideways || upright) trouble.push(`${left}…${right}, ${top}…${bottom}: ${described(element)}`);
    }
    return trouble;
}

/** What assistive technology would find nameless, and what is too small for a finger. */
export function unusable() {
    const trouble = [];
    for (const element of shown('button, input, select, video:not([aria-hidden]), aside, li.tile')) {
        const label = element.id && document.querySelector(`label[for=${element.id}]`);
        const words = [element.getAttribute('aria-label'), element.textContent, label && label.textContent];
        if (!words.some((text) => text && text.trim())) trouble.push(`no name: ${described(element)}`);
        const { width, height } = element.getBoundingClientRect();
        const small = element.tagName === 'BUTTON' && (width < 39.5 || height < 39.5);
        if (small) trouble.push(`${width} by ${height}: ${described(element)}`);
    }
    return trouble;
}

const channels = (color) => (color.match(/[\d.]+/g) || []).map(Number);

function luminance(color) {
    const [red, green, blue] = color.map((value) => value / 255)
        .map((value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** The nearest background that covers; pictures are not judged. */
function backgroundOf(element) {
    for (let holder = element; holder; holder = holder.parentElement) {
        const color = channels(getComputedStyle(holder).backgroundColor);
        if (color[3] === undefined || color[3] > 0.65) return color;
    }
    return [255, 255, 255];
}

/** Text with less contrast than WCAG 2.2 AA asks for: 4.5, or 3 when it is large. */
export function lowContrast() {
    const trouble = [];
    for (const element of shown('h1, h2, p, span, strong, button, label, input, select, figcaption')) {
        const own = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
        if (!own && element.tagName !== 'SELECT') continue;
        const { color, fontSize, fontWeight } = getComputedStyle(element);
        const background = backgroundOf(element);
        const [light, dark] = [channels(color), background].map(luminance).sort((a, b) => b - a);
        const ratio = (light + 0.05) / (dark + 0.05);
        const size = parseFloat(fontSize);
        const large = size >= 24 || (size >= 18.7 && Number(fontWeight) >= 700);
        if (ratio < (large ? 3 : 4.5)) trouble.push(`${ratio.toFixed(2)}, ${color} on ${background}: ${described(element)}`);
    }
    return trouble;
}
