// libFuzzer target: any bytes as a session description. What parses must survive writing and reading, be answered by both
// negotiations without a trap, and give answers that parse. Compiled together with the files listed in `sources`.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSDP(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let text = String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
    if let candidate = ICECandidate(text) { precondition(ICECandidate(candidate.line) == candidate) }
    guard let description = try? SessionDescription(parsing: text) else { return 0 }
    let written = description.text
    // The writer's own fixed lines may carry a description over the limit that the reader sets.
    if written.utf8.count <= Limits.SDP.bytes {
        do {
            let again = try SessionDescription(parsing: written)
            precondition(again == description, "writing and reading changed the description")
        } catch {
            // Lists that came in one line may not fit one when their spaces were added.
            precondition(error.reason == .lineTooLong, "\(error)")
        }
    }
    answerAsPublisher(description)
    applyAsSubscriber(description)
    return 0
}

private let local = LocalTransportDescription(
    sessionID: .max, ice: ICECredentials(usernameFragment: "abcd", password: "abcdefghijklmnopqrstuv"),
    fingerprint: Fingerprint(algorithm: "sha-256", bytes: [UInt8](repeating: 1, count: 32)),
    candidates: [
        ICECandidate(foundation: "1", priority: 1, address: "192.0.2.1", port: 7882)
    ])

private func answerAsPublisher(_ offer: SessionDescription) {
    var negotiation = PublisherNegotiation(local: local, capabilities: .all)
    for (number, kind) in [MediaKind.audio, .video, .video].enumerated() { try? negotiation.add(track(kind, number)) }
    guard let answer = try? negotiation.answer(to: offer, preferences: { _ in SectionPreferences(codec: .h264) }) else {
        return
    }
    check(answer, offer)
    let missing = negotiation.missingSections
    precondition(answer.subscribed.count + answer.refused.count + missing.audio + missing.video == 3)
    // The same offer again must be taken: nothing in it changed.
    guard let second = try? negotiation.answer(to: offer, preferences: { _ in SectionPreferences(codec: .h264) }) else {
        preconditionFailure("a repeated offer was refused")
    }
    precondition(second.sections == answer.sections && second.headerExtensions == answer.headerExtensions)
    precondition(second.subscribed == answer.subscribed)
    for section in answer.subscribed { negotiation.remove(trackID: section.trackID) }
    guard let third = try? negotiation.answer(to: offer) else { preconditionFailure("a repeated offer was refused") }
    precondition(!third.subscribed.contains { section in answer.subscribed.contains { $0.mid == section.mid } })
}

private func track(_ kind: MediaKind, _ number: Int) -> SubscribedTrack {
    let format = PayloadFormat(
        payloadType: 96, codec: kind == .audio ? .opus : .vp8, clockRate: kind == .audio ? 48_000 : 90_000,
        channels: kind == .audio ? 2 : nil)
    return SubscribedTrack(
        kind: kind, streamID: "PA_1|TR_\(number)", trackID: "TR_\(number)", ssrc: UInt32(2 * number + 1),
        retransmissionSSRC: kind == .video ? UInt32(2 * number + 2) : nil, canonicalName: "PA_1", formats: [format])
}

private func check(_ answer: PublisherAnswer, _ offer: SessionDescription) {
    for section in answer.sections {
        precondition(section.formats.count <= Limits.formats && section.encodings.count <= Limits.encodings)
        precondition(section.isSending == !section.encodings.isEmpty)
        precondition(!(section.isSending && section.formats.isEmpty))
        precondition(Set(section.formats.map(\.payloadType)).count == section.formats.count)
        _ = PayloadMap(publication: section.formats, subscriber: section.formats)
    }
    for section in answer.subscribed {
        precondition(!section.formats.isEmpty && section.formats.count <= Limits.formats)
        precondition(answer.sections.contains { $0.mid == section.mid && !$0.isSending })
    }
    precondition(answer.midToTrackID.count == answer.subscribed.count)
    precondition(Set(answer.headerExtensions.values).count == answer.headerExtensions.count)
    guard answer.sdp.utf8.count <= Limits.SDP.bytes else { return }
    do {
        let parsed = try SessionDescription(parsing: answer.sdp)
        precondition(parsed.sections.map(\.mid) == offer.sections.map(\.mid))
        precondition(parsed.sections.map(\.media) == offer.sections.map(\.media))
        let sent = parsed.sections.filter { $0.direction == .sendonly }.compactMap(\.mid)
        precondition(sent == answer.subscribed.map(\.mid))
        precondition(parsed.bundle == parsed.sections.filter { !$0.isRejected }.compactMap(\.mid))
    } catch {
        preconditionFailure("the answer does not parse: \(error)")
    }
}

private func applyAsSubscriber(_ answer: SessionDescription) {
    var negotiation = SubscriberNegotiation(local: local, capabilities: .all)
    for section in answer.sections.dropFirst().prefix(8) {
        guard let kind = section.media.kind else { continue }
        _ = try? negotiation.add(
            SubscribedTrack(
                kind: kind, streamID: "PA_1|TR_1", trackID: "TR_1", ssrc: 1,
                retransmissionSSRC: kind == .video ? 2 : nil, canonicalName: "PA_1", formats: []))
    }
    guard negotiation.makeOffer() != nil, let result = try? negotiation.apply(answer: answer) else { return }
    precondition(!negotiation.awaitsAnswer)
    precondition(result.sections.allSatisfy { $0.formats.count <= Limits.formats })
    negotiation.remove(trackID: "TR_1")
    guard let offer = negotiation.makeOffer() else { preconditionFailure("no further offer") }
    precondition((try? SessionDescription(parsing: offer.sdp)) != nil)
}
