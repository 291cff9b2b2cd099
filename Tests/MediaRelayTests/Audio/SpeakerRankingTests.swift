import Testing

@testable import MediaRelay

@Suite struct SpeakerRankingTests {
    private let publication = PublicationID(
        worker: WorkerIndex(rawValue: 0), name: ObjectName(index: 1, generation: 0))

    private func window(_ packets: UInt32, _ active: UInt32, _ level: Float = 20) -> AudioWindow {
        AudioWindow(packets: packets, activePackets: active, meanActive: active == 0 ? 127 : level)
    }

    @Test func speechIsReportedOnceAndSilenceAfterABreath() {
        var ranking = SpeakerRanking()
        #expect(ranking.observe(publication, window(20, 0)) == nil)
        let start = ranking.observe(publication, window(20, 15))
        #expect(start?.isActive == true && start.map { $0.level > 0 && $0.level <= 1 } == true)
        // The same again changes nothing once the level has settled.
        for _ in 0..<5 { _ = ranking.observe(publication, window(20, 15)) }
        #expect(ranking.observe(publication, window(20, 15)) == nil)
        #expect(ranking.observe(publication, window(20, 0))?.isActive != false)
        let end = ranking.observe(publication, window(20, 0))
        #expect(end == AudioActivity(publication: publication, level: 0, isActive: false))
        #expect(ranking.observe(publication, window(20, 0)) == nil)
    }

    @Test func fortyPercentOfTheWindowMakeASpeaker() {
        var ranking = SpeakerRanking()
        #expect(ranking.observe(publication, window(20, 7)) == nil)
        #expect(ranking.observe(publication, window(20, 8))?.isActive == true)
    }

    /// With DTX one loud packet may be all of the window.
    @Test func aClickIsNoSpeech() {
        var ranking = SpeakerRanking()
        #expect(ranking.observe(publication, window(1, 1, 0)) == nil)
        #expect(ranking.observe(publication, window(2, 2, 0)) == nil)
    }

    @Test func mutingSilencesAtOnce() {
        var ranking = SpeakerRanking()
        _ = ranking.observe(publication, window(20, 20))
        #expect(ranking.silence(publication)?.isActive == false)
        #expect(ranking.silence(publication) == nil)
    }

    @Test(arguments: [0, 1, 19.5, 35, 126, 126.9, 127, 200, -5, .infinity, -.infinity, .nan] as [Float])
    func levelsAreAlwaysBetweenSilenceAndFullScale(decibels: Float) {
        let level = SpeakerRanking.linear(decibelsBelowFullScale: decibels)
        #expect((0...1).contains(level))
    }

    @Test func levelsFollowTheDecibels() {
        #expect(SpeakerRanking.linear(decibelsBelowFullScale: 0) == 1)
        #expect(abs(SpeakerRanking.linear(decibelsBelowFullScale: 20) - 0.1) < 0.0001)
        #expect(abs(SpeakerRanking.linear(decibelsBelowFullScale: 6.0206) - 0.5) < 0.002)
    }
}
