// The scenarios and their traffic matrices: who publishes what, who receives what, and what happens when. Pure; the
// driver plays it.

/// A track of a scenario, before the server has a name for it.
struct TrackReference: Hashable, Sendable {
    /// Index of its publisher in the plan.
    var participant: Int
    var shape: MediaShape
}

enum Reception: Equatable, Sendable {
    case nothing
    /// What the server gives to everybody, in as many sections.
    case automatic(audio: Int, video: Int)
    /// What it asks for (UpdateSubscription), as an SDK does that does its own paging.
    case chosen([TrackReference])
}

struct ParticipantPlan: Equatable, Sendable {
    var publishes: [MediaShape] = []
    var receives: Reception = .nothing
    /// Of a storm: joins while the others are measured, and is counted apart.
    var isNewcomer = false
}

/// Something that happens while is being measured.
enum ScenarioEvent: Equatable, Sendable {
    /// All newcomers, spread evenly over so many seconds.
    case newcomersJoin(over: Double)
    case publish(TrackReference)
    /// From now on a participant leaves every so many seconds and comes back at once.
    case churn(every: Double)
}

struct ScenarioPlan: Equatable, Sendable {
    var participants: [ParticipantPlan]
    /// With seconds since measuring began.
    var events: [(at: Double, event: ScenarioEvent)] = []

    static func == (a: Self, b: Self) -> Bool {
        a.participants == b.participants && a.events.elementsEqual(b.events) { $0 == $1 }
    }

    /// Of all tracks that are ever published.
    var shapes: Set<MediaShape> {
        var shapes = Set(participants.flatMap(\.publishes))
        for case .publish(let track) in events.map(\.event) { shapes.insert(track.shape) }
        return shapes
    }

    /// Packets a second that the server must forward when everybody is there and before events.
    var forwardsPerSecond: Int {
        participants.enumerated().reduce(0) { sum, entry in
            guard !entry.element.isNewcomer else { return sum }
            return sum + forwardsPerSecond(to: entry.offset)
        }
    }

    func forwardsPerSecond(to index: Int) -> Int {
        switch participants[index].receives {
        case .nothing: 0
        case .chosen(let tracks): tracks.reduce(0) { $0 + $1.shape.packetsPerSecond }
        case .automatic:
            participants.enumerated().filter { $0.offset != index }.flatMap(\.element.publishes)
                .reduce(0) { $0 + $1.packetsPerSecond }
        }
    }
}

enum Scenario: String, Sendable, CaseIterable {
    case webinar, audio, storm, meeting, share, churn, mixed

    /// What a person decides about a scenario.
    struct Size: Equatable, Sendable {
        var participants: Int
        var speakers: Int
        /// Seconds.
        var duration: Double
        /// Of a storm: who is there before.
        var audience = Scenario.standardAudience
    }

    /// Pictures in a gallery beside the large one: a page of five by five.
    static let thumbnails = 24
    static let standardAudience = 50
    /// Seconds a storm lasts; in a short run this share of it, so that the last ones are seen to have come.
    static let stormSeconds = 10.0
    private static let stormShare = 0.8
    /// Between one person's leaving and the next's, as a share of the meeting a second.
    static let churnShare = 0.05

    /// Nobody publishes and receives: one connection will do with servers that take one for each direction.
    var isOneWay: Bool { self == .webinar || self == .audio || self == .storm }

    var standardSpeakers: Int {
        switch self {
        case .webinar, .storm: 1
        case .audio: 10
        case .meeting, .share, .churn, .mixed: 3
        }
    }

    var summary: String {
        switch self {
        case .webinar: "One speaker with camera and microphone, N listeners."
        case .audio: "Ten open microphones, N listeners."
        case .storm: "N people join a running webinar within ten seconds."
        case .meeting: "N people with cameras; each sees 24 small pictures and a large one and hears the voices."
        case .share: "A meeting in which somebody begins to share a screen."
        case .churn: "A meeting that people leave and join all the time."
        case .mixed: "A meeting with comings and goings, and a screen that is shared half way."
        }
    }

    /// The traffic matrix, for `hutong-load help`.
    var matrix: String {
        switch self {
        case .webinar:
            """
            Publishes: 1 person, 720p (25 frames/s of 7 packets of about 1075 B, 1.5 Mbit/s) and voice (50 packets/s \
            of 100 B).
            Receives: each of the N listeners both, 225 packets/s. The speaker comes on top of N and receives nothing.
            """
        case .audio:
            """
            Publishes: 10 people (--speakers) voice, 50 packets/s of 100 B each.
            Receives: each of the N listeners all of them, 500 packets/s. The speakers come on top of N and receive \
            nothing.
            """
        case .storm:
            """
            A webinar with 50 listeners (--audience) runs. While it is measured, N more join, evenly within 10 s, or \
            within four fifths of a duration that is shorter.
            The loss of those who were there before is told apart (details.running_loss_ratio).
            """
        case .meeting:
            """
            Publishes: 1 person 720p, everybody else a thumbnail (20 packets/s of 250 B); the first 3 (--speakers, 3 \
            to 10 in real meetings) a voice.
            Receives: each the large picture, the thumbnails of the 24 people after it, and the voices, all by \
            UpdateSubscription; with 3 voices 805 packets/s. The one with the large picture sees thumbnails only.
            """
        case .share:
            """
            Like meeting. After a quarter of the duration the second person begins to share a screen (1080p, 15 \
            frames/s of 19 packets, 2.5 Mbit/s), and everybody subscribes to it.
            """
        case .churn:
            """
            Like meeting with thumbnails and voices only. A twentieth of the people leave each second, one after the \
            other, and come back at once under the same name. Speakers and who has the large picture stay.
            """
        case .mixed:
            """
            Like churn at a fifth of its pace, with the large picture, and the shared screen of share after half of \
            the duration.
            """
        }
    }

    func plan(_ size: Size) -> ScenarioPlan {
        switch self {
        case .webinar: return webinar(listeners: size.participants)
        case .audio: return audio(size)
        case .storm:
            var plan = webinar(listeners: size.audience)
            let newcomer = ParticipantPlan(receives: .automatic(audio: 1, video: 1), isNewcomer: true)
            plan.participants += Array(repeating: newcomer, count: size.participants)
            plan.events = [(0, .newcomersJoin(over: min(Self.stormSeconds, size.duration * Self.stormShare)))]
            return plan
        case .meeting: return meeting(size, hasLargePicture: true)
        case .share:
            var plan = meeting(size, hasLargePicture: true)
            plan.events = [(size.duration / 4, .publish(Self.share(size)))]
            return plan
        case .churn:
            var plan = meeting(size, hasLargePicture: false)
            plan.events = [(0, .churn(every: Self.churnInterval(size, 1)))]
            return plan
        case .mixed:
            var plan = meeting(size, hasLargePicture: true)
            plan.events = [
                (0, .churn(every: Self.churnInterval(size, 5))), (size.duration / 2, .publish(Self.share(size))),
            ]
            return plan
        }
    }

    private static func churnInterval(_ size: Size, _ slower: Double) -> Double {
        slower / (churnShare * Double(max(size.participants, 1)))
    }

    private static func share(_ size: Size) -> TrackReference {
        TrackReference(participant: min(1, size.participants - 1), shape: .screen1080)
    }

    private func webinar(listeners: Int) -> ScenarioPlan {
        let speaker = ParticipantPlan(publishes: [.voice, .camera720])
        let listener = ParticipantPlan(receives: .automatic(audio: 1, video: 1))
        return ScenarioPlan(participants: [speaker] + Array(repeating: listener, count: listeners))
    }

    private func audio(_ size: Size) -> ScenarioPlan {
        let speaker = ParticipantPlan(publishes: [.voice])
        let listener = ParticipantPlan(receives: .automatic(audio: size.speakers, video: 0))
        return ScenarioPlan(
            participants: Array(repeating: speaker, count: size.speakers)
                + Array(repeating: listener, count: size.participants))
    }

    private func meeting(_ size: Size, hasLargePicture: Bool) -> ScenarioPlan {
        let count = size.participants
        func picture(_ index: Int) -> TrackReference {
            TrackReference(participant: index, shape: hasLargePicture && index == 0 ? .camera720 : .thumbnail)
        }
        let voices = (0..<min(size.speakers, count)).map { TrackReference(participant: $0, shape: .voice) }
        let participants = (0..<count).map { index in
            let large = hasLargePicture && index != 0 ? [picture(0)] : []
            let small = (1..<max(count, 1)).lazy.map { (index + $0) % count }
                .filter { !(hasLargePicture && $0 == 0) }.prefix(Self.thumbnails).map(picture)
            let heard = voices.filter { $0.participant != index }
            return ParticipantPlan(
                publishes: [picture(index).shape] + (index < voices.count ? [.voice] : []),
                receives: .chosen(large + small + heard))
        }
        return ScenarioPlan(participants: participants)
    }
}
