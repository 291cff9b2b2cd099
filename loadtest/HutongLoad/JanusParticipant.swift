// A participant of a Janus VideoRoom (https://janus.conf.meetecho.com/docs/videoroom.html) over its WebSocket transport:
// create a session, attach to the plugin, then publish with an offer of ours or subscribe by answering one of Janus's.

import Foundation
import MediaRelay
import NIOCore

final class JanusParticipant: Participant {
    static let room = 1_234

    private enum Step { case create, attach, enter, inside }

    private var step = Step.create
    private var session: UInt64 = 0
    private var handle: UInt64 = 0
    private var transaction = 0

    /// Janus lets publishers choose their name, by which others ask for them.
    private static func feed(_ index: Int) -> Int { 1_000 + index }

    /// A full ICE agent, which stays in doubt about a connection that it has not checked itself.
    override var role: ClientConnection.Role { .checked }

    // MARK: Joining

    override func request() throws -> (target: String, token: String, headers: [(String, String)]) {
        step = .create
        for shape in plan.publishes { addSource(shape) }
        return ("/", "", [("Sec-WebSocket-Protocol", "janus-protocol")])
    }

    override func socketOpened() { send(["janus": "create"]) }

    override func ping() { send(["janus": "keepalive"]) }

    override func sayGoodbye() { send(["janus": "destroy"]) }

    private func send(_ message: [String: Any]) {
        transaction += 1
        var message = message
        message["transaction"] = String(transaction)
        if session != 0 { message["session_id"] = session }
        if handle != 0 { message["handle_id"] = handle }
        guard let bytes = try? JSONSerialization.data(withJSONObject: message) else { return }
        send(Array(bytes), isText: true)
    }

    private func enter() {
        guard plan.publishes.isEmpty else {
            let offer = ClientOffer.text(
                sections, version: 1, ice: credentials, fingerprint: world.identity.fingerprint, setup: .active)
            return send([
                "janus": "message",
                "body": [
                    "request": "joinandconfigure", "ptype": "publisher", "room": Self.room, "id": Self.feed(index),
                ] as [String: Any],
                "jsep": ["type": "offer", "sdp": offer],
            ])
        }
        let streams = Set(world.sids.keys.map(\.participant)).sorted().map { ["feed": Self.feed($0)] }
        send([
            "janus": "message",
            "body": ["request": "join", "ptype": "subscriber", "room": Self.room, "streams": streams]
                as [String: Any],
        ])
    }

    /// Where Janus checks.
    private func sendCandidate() {
        guard let localAddress else { return fail("no address of its own") }
        let candidate: [String: Any] = [
            "candidate": ICECandidate.host(localAddress).line, "sdpMid": "0", "sdpMLineIndex": 0,
        ]
        send(["janus": "trickle", "candidate": candidate])
        send(["janus": "trickle", "candidate": ["completed": true]])
    }

    // MARK: What it is told

    private struct Message: Decodable {
        struct Identified: Decodable { var id: UInt64 }
        struct Failure: Decodable { var reason: String }
        struct PluginData: Decodable {
            struct Content: Decodable {
                var videoroom: String?
                var error: String?
            }
            var data: Content
        }
        struct Description: Decodable {
            var type: String
            var sdp: String
        }
        var janus: String
        var data: Identified?
        var error: Failure?
        var plugindata: PluginData?
        var jsep: Description?
    }

    override func receive(_ bytes: ByteBuffer) {
        guard let message = try? JSONDecoder().decode(Message.self, from: Data(bytes.readableBytesView)) else { return }
        if let reason = message.error?.reason ?? message.plugindata?.data.error { return fail("Janus: \(reason)") }
        switch (message.janus, step) {
        case ("success", .create):
            session = message.data?.id ?? 0
            step = .attach
            send(["janus": "attach", "plugin": "janus.plugin.videoroom"])
        case ("success", .attach):
            handle = message.data?.id ?? 0
            step = .enter
            enter()
        case ("event", .enter):
            guard let description = message.jsep else { return }
            step = .inside
            if description.type == "offer" { answer(description.sdp) } else { takeAnswer(description.sdp) }
        case ("timeout", _), ("hangup", _): fail("Janus: \(message.janus)")
        default: break
        }
    }

    private func takeAnswer(_ sdp: String) {
        guard take(sdp) != nil else { return }
        sendCandidate()
        for shape in plan.publishes {
            world.sids[TrackReference(participant: index, shape: shape)] = String(Self.feed(index))
        }
    }

    private func answer(_ sdp: String) {
        guard let offer = take(sdp) else { return }
        let text = ClientOffer.answer(to: offer, ice: credentials, fingerprint: world.identity.fingerprint)
        send([
            "janus": "message", "body": ["request": "start", "room": Self.room] as [String: Any],
            "jsep": ["type": "answer", "sdp": text],
        ])
        sendCandidate()
    }
}
