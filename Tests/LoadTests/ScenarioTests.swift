// The traffic matrices: what the server has to forward.

import Testing

@testable import hutong_load

struct TrafficMatrixTests {
    private func plan(_ scenario: Scenario, _ participants: Int, speakers: Int? = nil) -> ScenarioPlan {
        scenario.plan(
            Scenario.Size(
                participants: participants, speakers: speakers ?? scenario.standardSpeakers, duration: 20))
    }

    @Test func aWebinarIsOneToAll() {
        let plan = plan(.webinar, 299)
        #expect(plan.participants.count == 300)
        #expect(plan.participants[0].receives == .nothing)
        #expect(plan.forwardsPerSecond == 299 * 225)
    }

    @Test func audioIsTenToAll() {
        let plan = plan(.audio, 200)
        #expect(plan.participants.count == 210)
        #expect(plan.forwardsPerSecond == 200 * 500)
        #expect(self.plan(.audio, 200, speakers: 4).forwardsPerSecond == 200 * 200)
    }

    @Test func aStormComesOnTopOfAWebinar() {
        let plan = plan(.storm, 100)
        #expect(plan.participants.count == 151)
        #expect(plan.participants.count { $0.isNewcomer } == 100)
        #expect(plan.forwardsPerSecond == 50 * 225)
        #expect(plan.events.map(\.event) == [.newcomersJoin(over: 10)])
    }

    @Test func aStormIsNotLongerThanTheRun() {
        let plan = Scenario.storm.plan(Scenario.Size(participants: 5, speakers: 1, duration: 5))
        #expect(plan.events.map(\.event) == [.newcomersJoin(over: 4)])
    }

    @Test func inAMeetingEachSeesTwentyFourSmallPicturesAndALargeOne() {
        let plan = plan(.meeting, 300)
        for (index, participant) in plan.participants.enumerated() {
            guard case .chosen(let tracks) = participant.receives else {
                Issue.record("\(index) does not choose")
                continue
            }
            #expect(!tracks.contains { $0.participant == index })
            #expect(Set(tracks).count == tracks.count)
            #expect(tracks.count { $0.shape == .thumbnail } == 24)
            #expect(tracks.count { $0.shape == .camera720 } == (index == 0 ? 0 : 1))
            #expect(tracks.count { $0.shape == .voice } == (index < 3 ? 2 : 3))
        }
        #expect(plan.forwardsPerSecond(to: 299) == 175 + 24 * 20 + 3 * 50)
    }

    @Test func everyTrackThatIsChosenIsPublished() {
        for scenario in [Scenario.meeting, .share, .churn, .mixed] {
            for participants in [1, 2, 3, 10, 40] {
                let plan = plan(scenario, participants)
                for case .chosen(let tracks) in plan.participants.map(\.receives) {
                    for track in tracks {
                        #expect(plan.participants[track.participant].publishes.contains(track.shape))
                    }
                }
            }
        }
    }

    @Test func everyThumbnailIsSeenEquallyOften() {
        let plan = plan(.churn, 60)
        var seen: [TrackReference: Int] = [:]
        for case .chosen(let tracks) in plan.participants.map(\.receives) {
            for track in tracks where track.shape == .thumbnail { seen[track, default: 0] += 1 }
        }
        #expect(seen.count == 60)
        #expect(Set(seen.values) == [24])
    }

    @Test func aSmallMeetingHasFewerPictures() {
        guard case .chosen(let tracks) = plan(.meeting, 3).participants[2].receives else {
            Issue.record("nobody chooses")
            return
        }
        #expect(tracks.map(\.participant) == [0, 1, 0, 1])
    }

    @Test func aShareBeginsAfterAQuarter() {
        let plan = plan(.share, 30)
        #expect(plan.events.map(\.at) == [5])
        #expect(plan.events.map(\.event) == [.publish(TrackReference(participant: 1, shape: .screen1080))])
    }

    @Test func churnTakesATwentiethASecond() { #expect(plan(.churn, 100).events.map(\.event) == [.churn(every: 0.2)]) }

    @Test func everyScenarioSaysWhatItDoes() {
        for scenario in Scenario.allCases {
            #expect(!scenario.summary.isEmpty)
            #expect(!scenario.matrix.isEmpty)
        }
    }
}
