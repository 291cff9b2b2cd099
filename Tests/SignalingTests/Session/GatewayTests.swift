// From the door to the meeting and back, with real tokens, real time and real encoding; only the relay is a record.

import Foundation
import LiveKitProtocol
import Logging
import MediaRelay
import SwiftProtobuf
import Synchronization
import Testing

@testable import Signaling

/// Takes every command and does nothing.
final class SilentPlane: MediaPlane {
    let fingerprint = Fingerprint(algorithm: "sha-256", bytes: [UInt8](repeating: 1, count: 32))
    let identifiers = IdentifierPool(workers: 1)
    let commands = Mutex<[Command]>([])
    func place() -> WorkerIndex { WorkerIndex(rawValue: 0) }
    func place(near home: WorkerIndex, participants: Int) -> WorkerIndex { home }
    func candidates(of worker: WorkerIndex) -> [ICECandidate] {
        SocketAddress(host: "127.0.0.1", port: 7882).map { [.host($0)] } ?? []
    }
    func post(_ commands: [Command]) { self.commands.withLock { $0 += commands } }
}

struct GatewayTests {
    static let key = "devkey"
    static let secret = "hutong-development-secret-32-bytes-min"

    struct House {
        let plane = SilentPlane()
        let directory: MeetingDirectory
        let gateway: LiveKitGateway
        let keys: AccessKeys

        init(_ configuration: MeetingConfiguration = .init()) async throws {
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            keys = try await AccessKeys([key: secret])
            directory = MeetingDirectory(configuration: configuration, plane: plane, keys: keys, logger: logger)
            gateway = LiveKitGateway(directory: directory, keys: keys, logger: logger)
        }

        func request(
            _ claims: AccessClaims = .join(meeting: "m", identity: "alice"), version: SignalRequest.Version = .v0,
            query: [(String, String)] = [], token: String? = nil
        ) throws -> SignalRequest {
            let minted = try keys.mint(claims, key: key, now: Int64(Date().timeIntervalSince1970))
            return SignalRequest(
                version: version,
                query: [("protocol", "16"), ("sdk", "js")].filter { item in !query.contains { $0.0 == item.0 } }.map {
                    (name: $0.0, value: $0.1)
                } + query.map { (name: $0.0, value: $0.1) },
                token: token ?? minted, remoteAddress: "192.0.2.1")
        }

        func request(
            _ joinRequest: LiveKitJoinRequest, _ claims: AccessClaims = .join(meeting: "m", identity: "alice"),
            version: SignalRequest.Version = .v1
        ) throws -> SignalRequest {
            try request(claims, version: version, query: [("join_request", JoinRequestTests.wrapped(joinRequest))])
        }
    }

    private func refusal(_ house: House, _ request: SignalRequest) async -> SignalRefusal? {
        var refusals: [SignalRefusal?] = []
        do throws(SignalRefusal) {
            try await house.gateway.validate(request)
            refusals.append(nil)
        } catch { refusals.append(error) }
        do throws(SignalRefusal) {
            let session = try await house.gateway.open(request)
            await session.socketClosed()
            refusals.append(nil)
        } catch { refusals.append(error) }
        // Whoever is refused at the socket asks validate for the reason, so both must say the same.
        #expect(refusals[0] == refusals[1])
        return refusals[0]
    }

    private func response(_ output: SignalOutput?) throws -> LiveKitSignalResponse {
        switch output {
        case .frame(.binary(let bytes)): return try LiveKitSignalResponse(serializedBytes: bytes)
        case .frame(.text(let text)): return try LiveKitSignalResponse(jsonString: text)
        default:
            Issue.record("no message: \(String(describing: output))")
            return .init()
        }
    }

    @Test func refusals() async throws {
        let house = try await House()
        #expect(await refusal(house, try house.request()) == nil)
        #expect(await refusal(house, try house.request(token: ""))?.status == 401)
        #expect(await refusal(house, try house.request(token: "x"))?.status == 401)
        var noJoin = AccessClaims.join(meeting: "m", identity: "a")
        noJoin.video.roomJoin = false
        #expect(await refusal(house, try house.request(noJoin))?.status == 401)
        #expect(await refusal(house, try house.request(.join(meeting: "m", identity: "")))?.status == 400)
        #expect(await refusal(house, try house.request(.join(meeting: "", identity: "a")))?.status == 400)
        #expect(await refusal(house, try house.request(.join(meeting: "m", identity: "a\0b"))) == .malformedName)
        #expect(await refusal(house, try house.request(.join(meeting: "m\0", identity: "a"))) == .malformedName)
        let long = String(repeating: "x", count: 257)
        #expect(await refusal(house, try house.request(.join(meeting: long, identity: "a")))?.status == 400)
        #expect(await refusal(house, try house.request(.join(meeting: "m", identity: long)))?.status == 400)
        #expect(await refusal(house, try house.request(query: [("protocol", "8")])) == .protocolTooOld)
        #expect(await refusal(house, try house.request(query: [("protocol", "")])) == .protocolTooOld)
        #expect(await refusal(house, try house.request(query: [("protocol", "x")])) == .malformedQuery)
        #expect(await refusal(house, try house.request(query: [("attributes", "%%")])) == .malformedQuery)
        #expect(await refusal(house, try house.request(version: .v1)) == .malformedJoinRequest)
        for version in SignalRequest.Version.allCases {
            let broken = try house.request(version: version, query: [("join_request", "%")])
            #expect(await refusal(house, broken) == .malformedJoinRequest)
        }
        let old = LiveKitJoinRequest.with { $0.clientInfo.protocol = 8 }
        #expect(await refusal(house, try house.request(old)) == .protocolTooOld)
        let many = LiveKitJoinRequest.with {
            $0.clientInfo.protocol = 17
            $0.addTrackRequests = .init(repeating: .init(), count: Limits.pendingTracks + 1)
        }
        #expect(await refusal(house, try house.request(many)) == .malformedJoinRequest)
        let statistics = await house.directory.statistics()
        #expect(statistics.refusals[401] == 6 && statistics.refusals[400] == 30)
    }

    @Test func joinRequestOfARealClient() async throws {
        let house = try await House()
        var claims = AccessClaims.join(meeting: "m", identity: "alice")
        claims.attributes = ["a": "1", "b": "1"]
        claims.metadata = "token's"
        let request = LiveKitJoinRequest.with {
            $0.clientInfo = .with {
                $0.sdk = .python
                $0.protocol = 18
                $0.clientProtocol = 2
                $0.capabilities = .init(repeating: .capPacketTrailer, count: 100)
            }
            $0.connectionSettings = .with { $0.autoSubscribe = true }
            $0.participantAttributes = ["b": "2"]
            $0.metadata = "own"
            $0.addTrackRequests = [
                .with {
                    $0.cid = "mic"
                    $0.type = .audio
                    $0.source = .microphone
                }
            ]
            $0.publisherOffer = .with {
                $0.type = "offer"
                $0.id = 7
                $0.sdp = ClientDescription.offer([OfferedSection("1", .audio, track: "mic"), .receiving("2", .audio)])
            }
        }
        // Without the right its own metadata and attributes are not taken.
        for isAllowed in [false, true] {
            claims.video.canUpdateOwnMetadata = isAllowed
            for version in SignalRequest.Version.allCases {
                let session = try await house.gateway.open(try house.request(request, claims, version: version))
                let outputs = session.outputs.makeAsyncIterator()
                let join = try response(await outputs.next()).join
                #expect(!join.subscriberPrimary && join.participant.clientProtocol == 2)
                #expect(join.participant.capabilities.count == Limits.capabilities)
                #expect(join.participant.attributes == (isAllowed ? ["a": "1", "b": "2"] : ["a": "1", "b": "1"]))
                #expect(join.participant.metadata == (isAllowed ? "own" : "token's"))
                #expect(try response(await outputs.next()).trackPublished.cid == "mic")
                let answer = try response(await outputs.next()).answer
                #expect(answer.id == 7 && answer.sdp.contains("a=recvonly") && answer.sdp.contains("127.0.0.1 7882"))
            }
        }
        #expect(await house.directory.statistics().joins == ["v0": 0, "v1": 4])
    }

    @Test func fullMeeting() async throws {
        var configuration = MeetingConfiguration()
        configuration.maximumParticipants = 1
        let house = try await House(configuration)
        _ = try await house.gateway.open(try house.request())
        #expect(await refusal(house, try house.request(.join(meeting: "m", identity: "bob"))) == .meetingFull)
        #expect(await refusal(house, try house.request(.join(meeting: "other", identity: "bob"))) == nil)
    }

    /// At once, for the token in use and all older ones; a token made afterwards lets in again.
    @Test func revokedTokensAreRefusedAtEveryDoor() async throws {
        let house = try await House()
        let session = try await house.gateway.open(try house.request())
        await house.directory.revoke(identity: "alice", meeting: "m")
        #expect(await refusal(house, try house.request()) == .revoked)
        #expect(await refusal(house, try house.request(query: [("reconnect", "1"), ("sid", "PA_x")])) == .revoked)
        #expect(await refusal(house, try house.request(.join(meeting: "m", identity: "bob"))) == nil)
        #expect(await refusal(house, try house.request(.join(meeting: "other", identity: "alice"))) == nil)
        let later = Int64(Date().timeIntervalSince1970) + 2
        let renewed = try house.keys.mint(.join(meeting: "m", identity: "alice"), key: Self.key, now: later)
        #expect(await refusal(house, try house.request(token: renewed)) == nil)
        await session.socketClosed()
    }

    /// He is past the door when he is removed, and not yet in the meeting.
    @Test func removalDuringAJoinWins() async throws {
        let house = try await House()
        let claims = try house.keys.verify(try house.request().token ?? "", now: Int64(Date().timeIntervalSince1970))
        let newcomer = Newcomer(claims: claims, settings: JoinSettings(), client: .init())
        await house.directory.revoke(identity: "alice", meeting: "m")
        await #expect(throws: SignalRefusal.revoked) {
            _ = try await house.directory.join(newcomer, meeting: "m", outbox: Outbox(form: .binary))
        }
    }

    @Test func joinPingLeave() async throws {
        let house = try await House()
        let session = try await house.gateway.open(try house.request())
        let outputs = session.outputs.makeAsyncIterator()
        let join = try response(await outputs.next()).join
        #expect(join.participant.identity == "alice" && join.room.name == "m")
        #expect(try response(await outputs.next()).offer.sdp.contains("m=application"))
        #expect(try !response(await outputs.next()).refreshToken.isEmpty)
        #expect(await house.directory.statistics().participants == 1)

        // The form follows the client's.
        await session.receive(.text(#"{"pingReq":{"timestamp":"5"}}"#))
        guard case .frame(.text(let text))? = await outputs.next() else {
            Issue.record("not answered in text")
            return
        }
        #expect(try LiveKitSignalResponse(jsonString: text).pongResp.lastPingTimestamp == 5)
        await session.receive(.binary(try LiveKitSignalRequest.with { $0.ping = 1 }.serializedBytes()))
        guard case .frame(.binary(let bytes))? = await outputs.next() else {
            Issue.record("not answered in binary")
            return
        }
        #expect(try LiveKitSignalResponse(serializedBytes: bytes).pong > 1_700_000_000_000)

        await session.receive(.binary(try LiveKitSignalRequest.with { $0.leave = .init() }.serializedBytes()))
        #expect(await outputs.next() == .close(code: 1000, reason: "client-initiated"))
        #expect(await outputs.next() == nil)
        await session.socketClosed()
        let statistics = await house.directory.statistics()
        #expect(statistics.participants == 0 && statistics.joins == ["v0": 1, "v1": 0] && statistics.leaves == 1)
        #expect(statistics.departures == ["client-initiated": 1] && statistics.invalidOutputs == 0)
    }

    @Test func ourOwnPageGetsTextFromTheStart() async throws {
        let house = try await House()
        let session = try await house.gateway.open(try house.request(query: [(LiveKitGateway.framesParameter, "json")]))
        let outputs = session.outputs.makeAsyncIterator()
        guard case .frame(.text(let text))? = await outputs.next() else {
            Issue.record("not in text")
            return
        }
        #expect(try LiveKitSignalResponse(jsonString: text).join.participant.identity == "alice")
    }

    @Test func resumeIsRefusedByTheFirstMessage() async throws {
        let house = try await House()
        let resume = LiveKitJoinRequest.with {
            $0.clientInfo.protocol = 17
            $0.reconnect = true
            $0.participantSid = "PA_x"
        }
        for request in [try house.request(query: [("reconnect", "1"), ("sid", "PA_x")]), try house.request(resume)] {
            let session = try await house.gateway.open(request)
            let outputs = session.outputs.makeAsyncIterator()
            let leave = try response(await outputs.next()).leave
            #expect(leave.action == .reconnect && leave.reason == .stateMismatch)
            #expect(await outputs.next() == .close(code: 1001, reason: "cannot resume"))
            #expect(await outputs.next() == nil)
            await session.receive(.text("{}"))
            await session.socketClosed()
        }
        #expect(await house.directory.statistics().participants == 0)
    }

    @Test func aClientResumesWithItsNewestToken() async throws {
        let house = try await House()
        let first = try await house.gateway.open(try house.request())
        let outputs = first.outputs.makeAsyncIterator()
        let join = try response(await outputs.next()).join
        _ = await outputs.next()
        let token = try response(await outputs.next()).refreshToken
        let (claims, terms) = try house.keys.accept(token, now: Int64(Date().timeIntervalSince1970))
        #expect(claims.identity == "alice" && claims.video.room == "m" && claims.video.roomJoin == true)
        #expect(terms.key == Self.key && abs(terms.lifetime - AccessKeys.defaultLifetime) <= 1)
        try await connect(house)

        let query = [("reconnect", "1"), ("sid", join.participant.sid), ("reconnect_reason", "1")]
        let second = try await house.gateway.open(try house.request(query: query, token: token))
        let again = second.outputs.makeAsyncIterator()
        #expect(try response(await again.next()).reconnect.hasServerInfo)
        #expect(try response(await again.next()).update.participants.map(\.sid) == [join.participant.sid])
        // The old socket ends without a Leave, and its end touches nobody.
        var last: [SignalOutput] = []
        while let output = await outputs.next() { last.append(output) }
        #expect(last.last == .close(code: 1001, reason: "resumed elsewhere"))
        await first.socketClosed()
        await second.receive(.text(#"{"ping":"1"}"#))
        let statistics = await house.directory.statistics()
        #expect(statistics.participants == 1 && statistics.resumes == 1 && statistics.leaves == 0)
    }

    /// As if the relay had reported every connection of the meeting.
    private func connect(_ house: House) async throws {
        let opened = house.plane.commands.withLock { commands in
            commands.compactMap { if case .openTransport(let id, let owner, _, _) = $0 { (id, owner) } else { nil } }
        }
        for (transport, owner) in opened {
            await house.directory.deliver([
                EventBatch(owner: owner, events: [.transport(transport, .connected(.aeadAES128GCM))])
            ])
        }
    }

    @Test func aResumeNeedsAValidTokenOfTheSamePerson() async throws {
        let house = try await House()
        let session = try await house.gateway.open(try house.request())
        let sid = try response(await session.outputs.makeAsyncIterator().next()).join.participant.sid
        let query = [("reconnect", "1"), ("sid", sid)]
        let expired = try house.keys.mint(
            .join(meeting: "m", identity: "alice"), key: Self.key, now: Int64(Date().timeIntervalSince1970) - 1000,
            lifetime: 500)
        #expect(await refusal(house, try house.request(query: query, token: expired))?.status == 401)
        for claims in [
            AccessClaims.join(meeting: "m", identity: "mallory"), .join(meeting: "other", identity: "alice"),
        ] {
            let stranger = try await house.gateway.open(try house.request(claims, query: query))
            let leave = try response(await stranger.outputs.makeAsyncIterator().next()).leave
            #expect(leave.action == .reconnect && leave.reason == .stateMismatch)
        }
        let statistics = await house.directory.statistics()
        #expect(statistics.participants == 1 && statistics.resumes == 0 && statistics.resumesRefused == 2)
    }

    /// A client that is known may begin with a whole session description.
    @Test func theFirstMessageAfterAResumeMayBeLarge() async throws {
        let house = try await House()
        let first = try await house.gateway.open(try house.request())
        let sid = try response(await first.outputs.makeAsyncIterator().next()).join.participant.sid
        let resumed = try await house.gateway.open(try house.request(query: [("reconnect", "1"), ("sid", sid)]))
        let sync = LiveKitSignalRequest.with { request in
            request.syncState = .with { state in
                state.answer = .with { $0.sdp = String(repeating: "a", count: 100_000) }
            }
        }
        await resumed.receive(.binary(try sync.serializedBytes()))
        await resumed.receive(.text(#"{"ping":"1"}"#))
        let outputs = resumed.outputs.makeAsyncIterator()
        while let output = await outputs.next() {
            if case .frame(.text(let text)) = output, try LiveKitSignalResponse(jsonString: text).pong > 0 { return }
        }
        Issue.record("the session ended")
    }

    @Test func queryOfARealClient() async throws {
        let house = try await House()
        var claims = AccessClaims.join(meeting: "m", identity: "alice")
        claims.attributes = ["a": "1", "b": "1"]
        claims.video.canUpdateOwnMetadata = true
        let session = try await house.gateway.open(
            try house.request(
                claims,
                query: [
                    ("sdk", "python"), ("protocol", "18"), ("client_protocol", "2"), ("auto_subscribe", "1"),
                    ("capabilities", "CAP_PACKET_TRAILER,CAP_COMPRESSION_DEFLATE_RAW,CAP_NEW"),
                    ("adaptive_stream", "0"),
                    ("version", "1.2.0"), ("os", "Debian"), ("os_version", "12.0.0"), ("device_model", "Unknown"),
                    ("attributes", Base64URL.encode(#"{"b":"2"}"#.utf8)),
                ]))
        let outputs = session.outputs.makeAsyncIterator()
        let participant = try response(await outputs.next()).join.participant
        #expect(participant.clientProtocol == 2)
        #expect(participant.capabilities == [.capPacketTrailer, .capCompressionDeflateRaw])
        #expect(participant.attributes == ["a": "1", "b": "2"])
        // Without the right they are not taken.
        claims.video.canUpdateOwnMetadata = nil
        let other = try await house.gateway.open(
            try house.request(claims, query: [("attributes", Base64URL.encode(#"{"b":"2"}"#.utf8))]))
        let second = other.outputs.makeAsyncIterator()
        #expect(try response(await second.next()).join.participant.attributes == ["a": "1", "b": "1"])
    }

    @Test func malformedMessagesAreToldOnceAndEnd() async throws {
        let house = try await House()
        let session = try await house.gateway.open(try house.request())
        await session.receive(.text("{"))
        await session.receive(.text(#"{"ping":"1"}"#))
        var outputs: [SignalOutput] = []
        for await output in session.outputs { outputs.append(output) }
        #expect(outputs.last == .close(code: 1007, reason: "malformed message"))
        let told = try response(outputs.dropLast().last)
        #expect(told.requestResponse.reason == .invalidRequest)
        #expect(await house.directory.statistics().malformedMessages == 1)
    }

    @Test func sizes() async throws {
        let house = try await House()
        let big = SignalFrame.binary(
            try LiveKitSignalRequest.with { request in
                request.updateMetadata = .with { $0.metadata = String(repeating: "x", count: 100_000) }
            }.serializedBytes())
        let first = try await house.gateway.open(try house.request())
        await first.receive(big)
        var last: SignalOutput?
        for await output in first.outputs { last = output }
        #expect(last == .close(code: 1009, reason: "message too big"))

        let second = try await house.gateway.open(try house.request(.join(meeting: "m", identity: "bob")))
        await second.receive(.text(#"{"ping":"1"}"#))
        await second.receive(big)
        await second.receive(.text(#"{"ping":"2"}"#))
        await second.receive(.binary([UInt8](repeating: 0, count: Limits.messageBytes + 1)))
        var outputs: [SignalOutput] = []
        for await output in second.outputs { outputs.append(output) }
        #expect(outputs.count == 7 && outputs.last == .close(code: 1009, reason: "message too big"))
    }

    @Test func floodsAreCutOff() async throws {
        let house = try await House()
        let session = try await house.gateway.open(try house.request())
        for _ in 0..<10_000 { await session.receive(.text(#"{"trickle":{"candidateInit":"x"}}"#)) }
        var last: SignalOutput?
        for await output in session.outputs { last = output }
        #expect(last == .close(code: 1008, reason: "too many messages"))
        #expect(await house.directory.statistics().overBudget == 1)
    }

    /// A client that never reads loses its own session; the others notice nothing.
    @Test func slowReaders() async throws {
        let house = try await House()
        let other = try await house.gateway.open(try house.request(.join(meeting: "m", identity: "other")))
        let outbox = Outbox(form: .binary, capacity: 10_000)
        let newcomer = Newcomer(
            claims: .join(meeting: "m", identity: "slow"), settings: JoinSettings(), client: .init())
        let (meeting, session) = try await house.directory.join(newcomer, meeting: "m", outbox: outbox)
        for _ in 0..<5000 { await meeting.receive(.with { $0.ping = 1 }, from: session) }
        var outputs: [SignalOutput] = []
        for await output in SessionOutputs(outbox: outbox) { outputs.append(output) }
        #expect(outputs == [.close(code: 1008, reason: "too slow")])
        #expect(await house.directory.statistics().overflowed == 1)
        await meeting.socketClosed(session)
        await other.receive(.text(#"{"ping":"1"}"#))
        #expect(await house.directory.statistics().participants == 1)
    }

    @Test func shutdown() async throws {
        let house = try await House()
        let session = try await house.gateway.open(try house.request())
        await house.directory.shutdown()
        var outputs: [SignalOutput] = []
        for await output in session.outputs { outputs.append(output) }
        #expect(outputs.last == .close(code: 1001, reason: "server-shutdown"))
        #expect(await refusal(house, try house.request()) == .shuttingDown)
        let opened = house.plane.commands.withLock { $0.count { if case .openTransport = $0 { true } else { false } } }
        let closed = house.plane.commands.withLock { $0.count { if case .closeTransport = $0 { true } else { false } } }
        #expect(opened == 1 && closed == 1)
    }

    @Test func relayEventsReachTheirMeeting() async throws {
        let house = try await House()
        let session = try await house.gateway.open(try house.request())
        let opened = house.plane.commands.withLock { commands in
            commands.compactMap { if case .openTransport(let id, let owner, _, _) = $0 { (id, owner) } else { nil } }
        }
        let (transport, owner) = try #require(opened.first)
        await house.directory.deliver([
            EventBatch(owner: OwnerTag(rawValue: 999), events: [.transport(transport, .failed(.dtlsTimeout))]),
            EventBatch(owner: owner, events: [.transport(transport, .connected(.aeadAES128GCM))]),
        ])
        let outputs = session.outputs.makeAsyncIterator()
        for _ in ["join", "offer", "token"] { _ = await outputs.next() }
        let update = try response(await outputs.next()).update
        #expect(update.participants.first?.state == .active)
    }
}
