// Failures on request, for the tests of clients: what they see is what the real failure would show them, and it hits
// nobody but the one who asked (livekit-wire.md, 4.12). Off unless the operator allows it.

import LiveKitProtocol
import MediaRelay
import SwiftProtobuf

/// How the next resume goes wrong.
enum ResumeFailure: Sendable, Equatable {
    /// The socket is cut before the first message.
    case beforeMessages
    /// It is cut when the present has been told.
    case afterMessages
}

extension Departure {
    /// Nobody says goodbye.
    fileprivate static let nodeFailure = Departure(
        reason: .signalClose, action: nil, closeCode: nil, word: "simulated-node-failure")
    fileprivate static let serverLeave = Departure(
        reason: .serverShutdown, action: .disconnect, closeCode: CloseCode.normal, word: "simulated-server-leave")
    fileprivate static let fullReconnect = Departure(
        reason: .unknownReason, action: .reconnect, closeCode: CloseCode.goingAway, word: "simulated-full-reconnect")
}

extension MeetingState {
    mutating func simulate(_ request: LiveKitSimulateScenario, by id: ParticipantID) {
        guard configuration.simulatesScenarios else {
            return respond(.notAllowed, "simulated scenarios are not allowed here", echo: nil, to: id)
        }
        switch request.scenario {
        case .speakerUpdate(let seconds):
            let bounded = min(max(seconds, 0), Self.longestSimulatedSpeech)
            participants[id]?.simulatesSpeechUntil = now.uptime + .seconds(Int64(bounded))
            updateSpeakers()
        case .nodeFailure: remove(id, .nodeFailure)
        case .serverLeave: remove(id, .serverLeave)
        case .leaveRequestFullReconnect: remove(id, .fullReconnect)
        // A Leave that asks to resume, and the close that some SDKs wait for after it, are two losses to another: it
        // resumes for the first and starts anew for the second. A close alone makes everybody resume.
        case .migration: dropSocket(of: id)
        case .switchCandidateProtocol(let wanted): switchProtocol(of: id, to: wanted)
        case .disconnectSignalOnResume: participants[id]?.resumeFailure = .afterMessages
        case .disconnectSignalOnResumeNoMessages: participants[id]?.resumeFailure = .beforeMessages
        case .subscriberBandwidth:
            respond(.unsupportedType, "the bandwidth of a subscriber cannot be set", echo: nil, to: id)
        case nil: respond(.unsupportedType, "no such scenario", echo: nil, to: id)
        }
    }

    // MARK: Protocols

    /// The client comes back, by a resume that restarts ICE or as some SDKs by joining anew, and is then told of the
    /// candidates it wanted alone.
    private mutating func switchProtocol(of id: ParticipantID, to wanted: LiveKitCandidateProtocol) {
        guard let participant = participants[id] else { return }
        let identity = participant.identity
        switch wanted {
        case .tcp:
            guard participant.place.candidates.contains(where: \.isTCP), tcpOnly.count < Limits.tcpOnlyIdentities else {
                return respond(.unsupportedType, "media over TCP is turned off here", echo: nil, to: id)
            }
            tcpOnly.insert(identity)
        case .udp: tcpOnly.remove(identity)
        // There is no other protocol: what is tested is that the client comes back.
        case .tls, .UNRECOGNIZED: break
        }
        let candidates = candidates(for: participant)
        participants[id]?.publisher.connection?.negotiation.announce(candidates)
        participants[id]?.subscriber?.connection?.negotiation.announce(candidates)
        dropSocket(of: id)
    }

    // MARK: Speech

    /// Seconds.
    private static let longestSimulatedSpeech: Int32 = 60
    /// As loud as somebody close to the microphone.
    static let simulatedLevel: Float = 0.9

    /// Called when time passes: speech that is over is no more.
    mutating func endSimulatedSpeech() {
        for id in roster {
            guard let end = participants[id]?.simulatesSpeechUntil, end <= now.uptime else { continue }
            participants[id]?.simulatesSpeechUntil = nil
            updateSpeakers()
        }
    }
}
