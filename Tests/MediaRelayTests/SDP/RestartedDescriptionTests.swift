// New credentials in descriptions: when ours change, and that nothing else does.

import MediaRelay
import Testing

@Suite struct RestartedDescriptionTests {
    private static let fresh = ICECredentials(usernameFragment: "fresh", password: "freshfreshfreshfreshfresh")
    private static let newer = ICECredentials(usernameFragment: "newer", password: "newernewernewernewernewer")

    private func credentials(_ sdp: String) throws -> [ICECredentials?] {
        try SessionDescription(parsing: sdp).sections.filter { !$0.isRejected }.map(\.transport.ice)
    }

    /// RFC 8839, 4.4.3.1.1: an answer to a restart has new credentials, any other answer the old ones.
    @Test(arguments: SDPFixture.clientOffers) func onlyAnOfferWithNewCredentialsIsAnsweredWithNewOnes(
        _ name: String
    ) throws {
        let offer = try SessionDescription(parsing: SDPFixture.text(name))
        var restarting = offer
        restarting.transport.ice = nil
        for index in restarting.sections.indices {
            restarting.sections[index].transport.ice = ICECredentials(
                usernameFragment: "again", password: "againagainagainagainagain")
        }
        var negotiation = SDPFixture.publisher()
        let first = try negotiation.answer(to: offer, restartingWith: Self.fresh)
        let same = try negotiation.answer(to: offer, restartingWith: Self.fresh)
        for answer in [first, same] {
            #expect(answer.restartedICE == nil)
            #expect(try credentials(answer.sdp).allSatisfy { $0 == SDPFixture.local.ice })
        }
        let restarted = try negotiation.answer(to: restarting, restartingWith: Self.fresh)
        #expect(restarted.restartedICE == Self.fresh)
        #expect(try credentials(restarted.sdp).allSatisfy { $0 == Self.fresh })
        let later = try negotiation.answer(to: restarting, restartingWith: Self.newer)
        #expect(later.restartedICE == nil)
        #expect(try credentials(later.sdp).allSatisfy { $0 == Self.fresh })
        #expect(negotiation.local.fingerprint == SDPFixture.local.fingerprint)
    }

    @Test func anOfferOfOursMayRestart() throws {
        var negotiation = SDPFixture.subscriber()
        let first = try negotiation.nextOffer()
        _ = try negotiation.apply(answer: SubscriberNegotiationTests.answer(to: first.sdp))
        #expect(!negotiation.needsOffer)
        negotiation.restartICE(with: Self.fresh)
        #expect(negotiation.needsOffer)
        let second = try negotiation.nextOffer()
        #expect(try credentials(second.sdp).allSatisfy { $0 == Self.fresh })
        #expect(lines(of: second.sdp)[1] == "o=- 7000000000 2 IN IP4 127.0.0.1")
    }

    @Test func anUnansweredOfferIsForgottenByARestart() throws {
        var negotiation = SDPFixture.subscriber()
        _ = try negotiation.add(SubscriberNegotiationTests.track(.video, "TR_V"))
        _ = try negotiation.nextOffer()
        negotiation.remove(trackID: "TR_V")
        negotiation.restartICE(with: Self.fresh)
        // The client may have seen the track in its section, so nothing else may go there before it has seen it empty.
        #expect(try negotiation.add(SubscriberNegotiationTests.track(.video, "TR_W")) == "2")
        let offer = try negotiation.nextOffer()
        #expect(offer.midToTrackID == ["2": "TR_W"])
        let answer = try negotiation.apply(answer: SubscriberNegotiationTests.answer(to: offer.sdp))
        #expect(answer.sections.map(\.trackID) == ["TR_W"])
        #expect(try negotiation.add(SubscriberNegotiationTests.track(.video, "TR_X")) == "1")
    }
}
