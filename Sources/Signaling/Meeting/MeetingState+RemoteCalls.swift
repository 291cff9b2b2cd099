// Calls of methods at a participant by the server API (PerformRpc): the request goes out as another participant would send
// it, and the answer, which would go to nobody, ends the wait.

import LiveKitProtocol
import MediaRelay
import SwiftProtobuf

/// Names one call in its meeting; the callee puts it into its answer.
struct RemoteCallID: Hashable, Sendable {
    let rawValue: String
}

struct RemoteCall: Sendable {
    let callee: ParticipantID
    let deadline: Duration
}

/// How a call ended.
enum RemoteCallOutcome: Sendable, Equatable {
    case answered(String)
    /// The callee's own words, or its SDK's: no such method, for example.
    case failed(code: UInt32, message: String)
    case timedOut
    /// The callee left, or the meeting ended.
    case gone
}

extension MeetingState {
    /// The outcome follows as `Effect.callEnded`.
    mutating func call(_ request: LiveKitPerformRpcRequest) throws(AdministrationError) -> RemoteCallID {
        guard let callee = identities[request.destinationIdentity], participants[callee]?.isActive == true else {
            throw .noSuchParticipant
        }
        guard request.payload.utf8.count <= Limits.callPayloadBytes else { throw .tooLong(field: "payload") }
        guard request.method.utf8.count <= Limits.nameBytes else { throw .tooLong(field: "method") }
        guard calls.count < Limits.callsPerMeeting else { throw .tooManyCalls }
        let id = RemoteCallID(rawValue: random.sid("RPC_"))
        let time =
            request.responseTimeoutMs == 0
            ? MeetingTimes.call : min(.milliseconds(request.responseTimeoutMs), MeetingTimes.longestCall)
        let packet = LiveKitDataPacket.with {
            $0.kind = .reliable
            // SDKs answer nobody without a name.
            $0.participantIdentity = ServerIdentity.caller
            $0.destinationIdentities = [request.destinationIdentity]
            $0.rpcRequest = .with {
                $0.id = id.rawValue
                $0.method = request.method
                $0.payload = request.payload
                $0.responseTimeoutMs = UInt32(clamping: Int64(time / .milliseconds(1)))
                $0.version = ServerIdentity.callVersion
            }
        }
        do {
            try sendData(packet, on: .reliable, to: DataAddressees(identities: [request.destinationIdentity]))
        } catch {
            throw .tooLong(field: "payload")
        }
        calls[id] = RemoteCall(callee: callee, deadline: now.uptime + time)
        return id
    }

    /// - Returns: whether the packet answers one of our calls, and so is for nobody else.
    mutating func takeAnswer(_ packet: LiveKitDataPacket, from id: ParticipantID) -> Bool {
        switch packet.value {
        case .rpcAck(let ack): return calls[RemoteCallID(rawValue: ack.requestID)]?.callee == id
        case .rpcResponse(let response):
            let call = RemoteCallID(rawValue: response.requestID)
            guard calls[call]?.callee == id else { return false }
            switch response.value {
            case .payload(let payload): end(call, .answered(payload))
            case .error(let error): end(call, .failed(code: error.code, message: error.message))
            // Compression is for callers that say they understand it.
            case .compressedPayload, nil: end(call, .failed(code: 0, message: "the answer cannot be read"))
            }
            return true
        default: return false
        }
    }

    var earliestCallDeadline: Duration? { calls.values.lazy.map(\.deadline).min() }

    mutating func endOverdueCalls() {
        for (id, call) in calls where call.deadline <= now.uptime { end(id, .timedOut) }
    }

    mutating func endCalls(to id: ParticipantID) {
        for (call, value) in calls where value.callee == id { end(call, .gone) }
    }

    private mutating func end(_ id: RemoteCallID, _ outcome: RemoteCallOutcome) {
        guard calls.removeValue(forKey: id) != nil else { return }
        emit(.callEnded(id, outcome))
    }
}
