// A test runner of a few lines: unit tests run in the browser that the page is for.

const tests = new Map();

/** @param {string} name unique within its file @param {() => void | Promise<void>} body */
export function test(name, body) {
    tests.set(name, body);
}

/** Runs one test of the module that was imported last. */
export async function run(name) {
    await tests.get(name)();
}

export function equal(actual, expected) {
    const [left, right] = [actual, expected].map((value) => JSON.stringify(value, null, 1));
    if (left !== right) throw new Error(`expected ${right}\nbut got ${left}`);
}

export function ok(value, what) {
    if (!value) throw new Error(what);
}
