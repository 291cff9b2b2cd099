// One signaling socket: frames as messages in both directions, pings, and the reason when it ends. It knows nothing
// of rooms or media.

import { decodeResponse, encodeRequest } from './messages.js';
import { refusalFault } from '../state/faults.js';

/** A server that accepted the socket and stays silent is as good as none. */
const FIRST_MESSAGE_TIMEOUT_MS = 8000;

/**
 * @typedef {object} SocketEnd
 * @property {import('../state/initial.js').Fault} fault what to say if this was the end of it
 * @property {boolean} final trying again cannot help
 *
 * @param {{socket: string, validate: string}} addresses
 * @param {object} on
 * @param {(kind: string, value: object) => void} on.message
 * @param {(end: SocketEnd) => void} on.end called exactly once, unless `close` was called
 */
export function openSocket(addresses, on) {
    const socket = new WebSocket(addresses.socket);
    let ended = false;
    let heard = false;
    let rttMs = 0;
    let silenceLimitMs = 0;
    let pingTimer = 0;
    let silenceTimer = setTimeout(fail, FIRST_MESSAGE_TIMEOUT_MS);

    function stop() {
        ended = true;
        clearInterval(pingTimer);
        clearTimeout(silenceTimer);
        socket.close();
    }

    function fail() {
        if (ended) return;
        stop();
        // Only a socket that never spoke can have been refused; a browser hides the status, so it is asked for again.
        if (heard) on.end({ fault: { code: 'connection-lost' }, final: false });
        else whyRefused(addresses.validate).then(on.end);
    }

    function send(kind, value) {
        if (socket.readyState === WebSocket.OPEN) socket.send(encodeRequest(kind, value));
    }

    function startPings({ pingIntervalSeconds, pingTimeoutSeconds }) {
        if (pingIntervalSeconds <= 0) return;
        silenceLimitMs = pingTimeoutSeconds * 1000;
        const ping = () => send('pingReq', { timestamp: String(Date.now()), rtt: String(rttMs) });
        pingTimer = setInterval(ping, pingIntervalSeconds * 1000);
    }

    // Any message is a sign of life, known or not.
    function rearm() {
        clearTimeout(silenceTimer);
        if (silenceLimitMs > 0) silenceTimer = setTimeout(fail, silenceLimitMs);
    }

    socket.onmessage = ({ data }) => {
        if (ended || typeof data !== 'string') return;
        const message = decodeResponse(data);
        heard = true;
        if (message && message.kind === 'join') startPings(message.value);
        rearm();
        if (!message) return;
        if (message.kind === 'pongResp') rttMs = Math.max(0, Date.now() - message.value.lastPingTimestamp);
        else on.message(message.kind, message.value);
    };
    socket.onclose = fail;
    socket.onerror = fail;

    return {
        send,
        /** Ends it without calling `on.end`. */
        close: stop,
        /** Round trip of the last ping in milliseconds, 0 before the first. */
        rttMs: () => rttMs,
    };
}

/** Refusals that a later try can turn: the server's own state, not ours. */
const PASSING = ['server-error', 'server-busy'];

/** @returns {Promise<SocketEnd>} */
async function whyRefused(address) {
    let response;
    try {
        response = await fetch(address, { cache: 'no-store' });
    } catch {
        return { fault: { code: 'server-unreachable' }, final: false };
    }
    // The server would have us: the socket itself did not get through.
    if (response.ok) return { fault: { code: 'socket-blocked' }, final: false };
    const fault = refusalFault(response.status, await response.text().catch(() => ''));
    return { fault, final: !PASSING.includes(fault.code) };
}
