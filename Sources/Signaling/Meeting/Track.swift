// One thing that a participant publishes, from its section in an accepted offer to its end.

import LiveKitProtocol
import MediaRelay

struct Track: Sendable {
    let publisher: ParticipantID
    let publication: PublicationID
    let cid: String
    let preferences: SectionPreferences
    let kind: MediaKind
    /// The section on the publisher's connection.
    let mid: String
    /// The track part of the section's msid: another one later is another track in an old section.
    let clientTrackID: String?
    var info: LiveKitTrackInfo
    var parameters: PublicationParameters
    /// Others have been told; only then may it appear in an offer to them (livekit-wire.md, 2.7, rule 2).
    var isAnnounced = false
    /// The publisher was told that somebody receives it.
    var isSubscriberKnown = false
    /// Loudness over the last interval, audio only.
    var activity: AudioActivity?

    var sid: String { info.sid }
}
