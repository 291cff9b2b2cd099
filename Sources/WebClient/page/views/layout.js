// How many columns, and how large a tile. Pure arithmetic.

/** Cameras are this wide; a tile is never wider. */
const WIDEST = 16 / 9;
/** How far a tile may be cropped so that the space is used: on an upright screen to a portrait. */
const NARROWEST_UPRIGHT = 0.8;
const NARROWEST_LYING = 1.3;

/**
 * The arrangement of equal tiles that covers most of the area.
 * @param {{width: number, height: number, count: number, gap: number}} space CSS pixels
 * @returns {{columns: number, width: number, height: number}} whole pixels, at least 1
 */
export function fitGrid({ width, height, count, gap }) {
    const narrowest = height > width ? NARROWEST_UPRIGHT : NARROWEST_LYING;
    let best = { columns: 1, width: 1, height: 1 };
    for (let columns = 1; columns <= Math.max(1, count); columns++) {
        const rows = Math.ceil(count / columns);
        const cellWidth = (width - gap * (columns - 1)) / columns;
        const cellHeight = (height - gap * (rows - 1)) / rows;
        const tileWidth = Math.floor(Math.min(cellWidth, cellHeight * WIDEST));
        const tileHeight = Math.floor(Math.min(cellHeight, tileWidth / narrowest));
        if (tileWidth * tileHeight > best.width * best.height) best = { columns, width: tileWidth, height: tileHeight };
    }
    return best;
}

/** Below this width a phone is assumed: fewer tiles, the strip below the shared screen. */
export const PHONE_WIDTH = 640;

/** @param {number} width of the stage @returns {number} tiles that can still be recognised */
export function gridCapacity(width) {
    return width < PHONE_WIDTH ? 8 : 25;
}

/**
 * The tiles beside a shared screen: a column on the right, on a phone a row below.
 * @param {{width: number, height: number, gap: number}} space
 * @returns {{row: boolean, width: number, height: number, capacity: number}}
 */
export function fitStrip({ width, height, gap }) {
    const row = width < PHONE_WIDTH;
    const tileWidth = row ? Math.floor((width - 2 * gap) / 3) : Math.min(240, Math.floor(width / 5));
    const tileHeight = row ? Math.floor(tileWidth * 0.75) : Math.floor(tileWidth / WIDEST);
    const capacity = row ? 3 : Math.floor((height + gap) / (tileHeight + gap));
    return { row, width: tileWidth, height: tileHeight, capacity: Math.max(2, capacity) };
}
