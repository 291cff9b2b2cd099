// Which track goes into which of the client's own sections, on a connection where only the client offers (v1). The client
// adds sections to receive in when it is asked to; an answer puts tracks into those that are free.
//
//   add ─▶ waiting ─ a free section in an offer ─▶ placed ─ remove ─▶ ending ─ answered inactive ─▶ free
//
// A section gets another track only in an offer after the one that was answered inactive: a client whose section changes
// its msid while it receives does not announce the new track.

/// Sections, by kind.
public struct SectionCount: Sendable, Equatable {
    public static let none = SectionCount()

    public var audio: Int
    public var video: Int

    public init(audio: Int = 0, video: Int = 0) {
        self.audio = audio
        self.video = video
    }

    public subscript(kind: MediaKind) -> Int {
        get { kind == .audio ? audio : video }
        set { if kind == .audio { audio = newValue } else { video = newValue } }
    }

    public static func + (a: Self, b: Self) -> Self { Self(audio: a.audio &+ b.audio, video: a.video &+ b.video) }

    /// At least as many of each kind.
    public func covers(_ other: Self) -> Bool { audio >= other.audio && video >= other.video }
}

struct TrackPlacement: Sendable {
    /// A section of the last offer in which the client only receives, and what it can play there.
    private struct Room: Sendable {
        var mid: String
        var kind: MediaKind
        var formats: [PayloadFormat]
    }

    /// Without a section, in the order of adding.
    private(set) var waiting: [SubscribedTrack] = []
    /// By mid.
    private var placed: [String: SubscribedTrack] = [:]
    /// Their track is gone, but the client may not know it.
    private var ending: Set<String> = []
    /// Sections the client has sent in at some time: they list only what it encoded there.
    private var wasSending: Set<String> = []
    private var free: [Room] = []

    // Of the offer that is being answered.
    private var seen: Set<String> = []
    private var rooms: [Room] = []
    /// Tracks that the client cannot play.
    private(set) var refused: [SubscribedTrack] = []

    var count: Int { waiting.count + placed.count }

    /// Something that the client does not know yet.
    var hasChanges: Bool { !waiting.isEmpty || !ending.isEmpty }

    /// How many more sections it takes to place what waits.
    var missing: SectionCount {
        var rest = free
        var missing = SectionCount.none
        for track in waiting {
            if let index = rest.firstIndex(where: { $0.kind == track.kind && track.fits($0.formats) }) {
                rest.remove(at: index)
            } else {
                missing[track.kind] += 1
            }
        }
        return missing
    }

    /// Those of the last offer in which the client only receives, used or free.
    private(set) var receiving = SectionCount.none

    mutating func add(_ track: SubscribedTrack) { waiting.append(track) }

    /// Does nothing when there is no such track.
    mutating func remove(trackID: String) {
        waiting.removeAll { $0.trackID == trackID }
        for mid in placed.keys where placed[mid]?.trackID == trackID {
            placed[mid] = nil
            ending.insert(mid)
        }
    }

    // MARK: One offer

    mutating func begin() {
        seen = []
        rooms = []
        refused = []
        receiving = .none
    }

    /// Decides what a section of the offer carries.
    /// - Parameters:
    ///   - direction: the client's.
    ///   - formats: those of the client's that this server knows.
    mutating func place(
        _ mid: String, _ kind: MediaKind, _ direction: Direction, _ formats: [PayloadFormat]
    ) -> SubscribedTrack? {
        seen.insert(mid)
        if direction.sends { wasSending.insert(mid) }
        if direction == .recvonly {
            rooms.append(Room(mid: mid, kind: kind, formats: formats))
            receiving[kind] += 1
        }
        if let track = placed[mid] {
            guard track.kind == kind, track.fits(formats) else {
                placed[mid] = nil
                refused.append(track)
                return nil
            }
            if direction.sends {
                // The client took the section for itself.
                placed[mid] = nil
                waiting.insert(track, at: 0)
            }
            return direction == .recvonly ? track : nil
        }
        guard direction == .recvonly, !ending.contains(mid),
            let index = waiting.firstIndex(where: { $0.kind == kind && $0.fits(formats) })
        else { return nil }
        let track = waiting.remove(at: index)
        placed[mid] = track
        return track
    }

    /// Every section was seen.
    mutating func finish() {
        for mid in placed.keys.sorted() where !seen.contains(mid) {
            if let track = placed.removeValue(forKey: mid) { refused.append(track) }
        }
        ending = []
        wasSending.formIntersection(seen)
        free = rooms.filter { placed[$0.mid] == nil }
        // A section that never did anything else lists all that the client can play.
        let capable = rooms.filter { !wasSending.contains($0.mid) }
        waiting.removeAll { track in
            let ofKind = capable.filter { $0.kind == track.kind }
            guard !ofKind.isEmpty, !ofKind.contains(where: { track.fits($0.formats) }) else { return false }
            refused.append(track)
            return true
        }
    }
}
