// A browser that only exchanges data: protocol v0 in JSON frames, `_reliable` both ways, as fast as the channel takes it.
// Runs in any page; `await DataPerson.join(url, token)`.
(() => {
    const MESSAGE_BYTES = 15_000; // what SDKs cut files into
    const BUFFERED_BYTES = 1 << 20;

    const varint = (value) => {
        const bytes = [];
        for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128);
        return [...bytes, value];
    };

    /** DataPacket{user: {payload}} with `number` in the payload's first four bytes. */
    function packet(number) {
        const inner = [0x12, ...varint(MESSAGE_BYTES)];
        const head = [0x12, ...varint(inner.length + MESSAGE_BYTES), ...inner];
        const bytes = new Uint8Array(head.length + MESSAGE_BYTES);
        bytes.set(head);
        new DataView(bytes.buffer).setUint32(head.length, number);
        return bytes;
    }

    /** The bytes of a length-delimited field; the others are skipped. */
    function field(bytes, wanted) {
        let at = 0;
        const read = () => {
            let value = 0;
            for (let shift = 0; ; shift += 7) {
                value += (bytes[at] & 127) * 2 ** shift;
                if (bytes[at++] < 128) return value;
            }
        };
        while (at < bytes.length) {
            const key = read();
            const value = read();
            if (key % 8 !== 2) continue;
            if (key >> 3 === wanted) return bytes.subarray(at, at + value);
            at += value;
        }
        return null;
    }

    class DataPerson {
        sent = 0;
        received = 0;
        receivedBytes = 0;
        outOfOrder = 0;

        static async join(url, token) {
            const person = new DataPerson();
            await person.connect(url, token);
            return person;
        }

        async connect(url, token) {
            const query = new URLSearchParams({
                access_token: token, auto_subscribe: '1', sdk: 'js', protocol: '16', version: '2.0.0',
                hutong_frames: 'json',
            });
            this.socket = new WebSocket(`${url}/rtc?${query}`);
            this.publisher = new RTCPeerConnection();
            this.subscriber = new RTCPeerConnection();
            this.subscriber.ondatachannel = ({ channel }) => this.listen(channel);
            this.channel = this.publisher.createDataChannel('_reliable', { ordered: true });
            this.listen(this.channel);
            const isOpen = new Promise((resolve) => { this.channel.onopen = resolve; });
            let turn = Promise.resolve();
            this.socket.onmessage = ({ data }) => { turn = turn.then(() => this.handle(JSON.parse(data))); };
            await isOpen;
        }

        send(message) { this.socket.send(JSON.stringify(message)); }

        async handle({ join, offer, answer }) {
            if (join) {
                setInterval(() => this.send({ pingReq: { timestamp: String(Date.now()), rtt: '0' } }), 5000);
                await this.publisher.setLocalDescription();
                this.send({ offer: { type: 'offer', sdp: this.publisher.localDescription.sdp, id: 1 } });
            }
            if (offer) {
                await this.subscriber.setRemoteDescription({ type: 'offer', sdp: offer.sdp });
                await this.subscriber.setLocalDescription();
                this.send({ answer: { type: 'answer', sdp: this.subscriber.localDescription.sdp, id: offer.id } });
            }
            if (answer) await this.publisher.setRemoteDescription({ type: 'answer', sdp: answer.sdp });
        }

        listen(channel) {
            channel.binaryType = 'arraybuffer';
            channel.addEventListener('message', ({ data }) => {
                const user = field(new Uint8Array(data), 2);
                const payload = user && field(user, 2);
                if (!payload) return;
                const number = new DataView(payload.buffer, payload.byteOffset).getUint32(0);
                if (number !== this.received) this.outOfOrder += 1;
                this.received += 1;
                this.receivedBytes += payload.length;
            });
        }

        /** Sends for so long, then answers how many messages that were. */
        async flood(seconds) {
            const { channel } = this;
            channel.bufferedAmountLowThreshold = BUFFERED_BYTES / 2;
            const end = performance.now() + seconds * 1000;
            while (performance.now() < end) {
                while (channel.bufferedAmount < BUFFERED_BYTES) channel.send(packet(this.sent++));
                await new Promise((resolve) => {
                    channel.onbufferedamountlow = resolve;
                    setTimeout(resolve, 100);
                });
            }
            return this.sent;
        }

        figures() {
            const { sent, received, receivedBytes, outOfOrder } = this;
            return { sent, received, receivedBytes, outOfOrder, channel: this.channel.readyState };
        }

        leave() {
            this.send({ leave: { reason: 'CLIENT_INITIATED' } });
            this.socket.close();
            this.publisher.close();
            this.subscriber.close();
        }
    }

    globalThis.DataPerson = DataPerson;
})();
