// Runs in the page before its own scripts: watches every peer connection and every remote picture without the page's
// help, and sends the client to the impairment relay where one is in front of the server (PORTS, server to relay), or
// leaves it one protocol to reach the server by (PROTOCOL, `udp` or `tcp`; null: both). What it saw is in `probe`.
(() => {
    const ports = PORTS;
    const protocol = PROTOCOL;
    const line = /a=candidate:\S+ \d+ (\w+) .*\r?\n/gi;
    const candidate = /(candidate:\S+ \d+ udp \d+ )(\S+) (\d+)( typ host)/gi;
    const rewrite = (text) => (text || '')
        .replace(line, (whole, used) => (protocol && used.toLowerCase() !== protocol ? '' : whole))
        .replace(candidate, (whole, head, ip, port, tail) =>
            (ports[port] ? `${head}127.0.0.1 ${ports[port]}${tail}` : whole));

    const probe = {
        connections: [],
        joinPressedAt: null,
        firstRemoteFrameAt: null,
        pictures: {}, // by track id: { frames, lastAt, longestGapMs, gapsOver500 }
        errors: [],
    };
    const remoteTracks = new Set();

    const Native = RTCPeerConnection;
    globalThis.RTCPeerConnection = class extends Native {
        constructor(...args) {
            super(...args);
            probe.connections.push(this);
            this.addEventListener('track', ({ track }) => remoteTracks.add(track.id));
        }

        setRemoteDescription(description) {
            const { type, sdp } = description;
            return super.setRemoteDescription({ type, sdp: rewrite(sdp) });
        }

        addIceCandidate(init) {
            if (!init || !init.candidate) return super.addIceCandidate(init);
            const { sdpMid, sdpMLineIndex, usernameFragment } = init;
            return super.addIceCandidate({ candidate: rewrite(init.candidate), sdpMid, sdpMLineIndex, usernameFragment });
        }
    };

    document.addEventListener('submit', () => { probe.joinPressedAt = performance.now(); }, true);
    addEventListener('error', ({ message }) => probe.errors.push(message));
    addEventListener('unhandledrejection', ({ reason }) => probe.errors.push(String(reason)));

    const remoteVideoTrack = (video) =>
        video.srcObject && video.srcObject.getVideoTracks && video.srcObject.getVideoTracks().find(({ id }) => remoteTracks.has(id));

    function watch(video) {
        const step = (now) => {
            const track = remoteVideoTrack(video);
            if (track) {
                if (probe.firstRemoteFrameAt === null) probe.firstRemoteFrameAt = now;
                const picture = probe.pictures[track.id] ||= { frames: 0, lastAt: now, longestGapMs: 0, gapsOver500: 0 };
                const gap = now - picture.lastAt;
                picture.longestGapMs = Math.max(picture.longestGapMs, gap);
                if (gap > 500) picture.gapsOver500 += 1;
                picture.lastAt = now;
                picture.frames += 1;
            }
            video.requestVideoFrameCallback(step);
        };
        video.requestVideoFrameCallback(step);
    }
    const watched = new WeakSet();
    const createElement = document.createElement;
    document.createElement = function create(...args) {
        const element = createElement.apply(this, args);
        if (element instanceof HTMLVideoElement && !watched.has(element)) {
            watched.add(element);
            watch(element);
        }
        return element;
    };

    /** Starts the gaps anew: before a fault, so that what came before does not count. */
    probe.forgetGaps = () => {
        for (const picture of Object.values(probe.pictures)) Object.assign(picture, { longestGapMs: 0, gapsOver500: 0 });
    };

    /** All getStats entries of some types, over all connections. */
    probe.stats = async (...types) => {
        const found = [];
        for (const connection of probe.connections) {
            if (connection.connectionState === 'closed') continue;
            (await connection.getStats()).forEach((entry) => types.includes(entry.type) && found.push(entry));
        }
        return found;
    };
    globalThis.probe = probe;
})();
