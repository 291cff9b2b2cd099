// Muting by rule. The relay's gate closes at once, whatever the client does; the client is told, and one that opens a track
// that has to stay closed is told again (livekit-wire.md, 4.3).

import LiveKitProtocol
import MediaRelay
import SwiftProtobuf

extension MeetingState {
    /// Which policy a track falls under; nil: none, it is a shared screen. Sound that calls itself a screen's and has no
    /// screen beside it is a voice.
    func device(_ info: LiveKitTrackInfo, of id: ParticipantID) -> HostControl.Device? {
        switch info.source {
        case .screenShareAudio: info.type == .audio && !isSharing(id) ? .microphone : nil
        case .screenShare where info.type == .video: nil
        default: info.type == .audio ? .microphone : .camera
        }
    }

    func isSharing(_ id: ParticipantID) -> Bool {
        ownTracks(of: id).contains { $0.source == .screenShare && $0.type == .video }
    }

    /// Published, or announced and on their way.
    func ownTracks(of id: ParticipantID) -> [LiveKitTrackInfo] {
        guard let publisher = participants[id]?.publisher else { return [] }
        return publisher.tracks.compactMap { tracks[$0]?.info } + publisher.pending.map(\.info)
    }

    /// Whether somebody may not open this now.
    func isLocked(_ device: HostControl.Device, of id: ParticipantID) -> Bool {
        guard let governance, let participant = participants[id] else { return false }
        let standing = participant.standing
        switch device {
        case .camera: return governance.rules.cameras.locks(standing, participant.identity)
        case .microphone:
            if let named = governance.rollCall {
                if named == participant.identity { return false }
                if !standing.role.isHost, !standing.isSuperior || governance.rules.microphones.meansSuperiors {
                    return true
                }
            }
            return governance.rules.microphones.locks(standing, participant.identity)
        }
    }

    private func isClosed(_ device: HostControl.Device, of id: ParticipantID) -> Bool {
        guard let governance, let participant = participants[id] else { return false }
        if isLocked(device, of: id) { return true }
        if device == .microphone, governance.rollCall == participant.identity { return false }
        let policy = device == .microphone ? governance.rules.microphones : governance.rules.cameras
        return policy.mutes(participant.standing, participant.identity)
    }

    // MARK: The client's own wishes

    /// A new track that a rule closes, whatever the client says of it.
    mutating func closeByRule(_ pending: inout PendingTrack, of id: ParticipantID) {
        guard governance != nil, let device = device(pending.info, of: id) else { return }
        let enters = device == .microphone && participants[id]?.standing.entersMuted == true
        if device == .microphone { participants[id]?.standing.entersMuted = false }
        guard !pending.info.muted, enters || isClosed(device, of: id) else { return }
        pending.info.muted = true
        pending.isClosedByRule = true
        participants[id]?.standing.entryMuteEnds = now.uptime + MeetingTimes.entryMute
    }

    /// The client learns of it when it knows the track.
    mutating func tellClosed(_ sid: String, to id: ParticipantID) {
        participants[id]?.standing.entryMuteEnds = now.uptime + MeetingTimes.entryMute
        sendMute(sid, to: id)
    }

    mutating func requestMute(_ request: LiveKitMuteTrackRequest, by id: ParticipantID) {
        guard governance != nil, !request.muted, let info = trackInfo(request.sid, of: id), info.muted,
            let device = device(info, of: id), let participant = participants[id]
        else { return setMuted(request, by: id) }
        let isEntering = participant.standing.entryMuteEnds > now.uptime
        guard isLocked(device, of: id) || isEntering else { return setMuted(request, by: id) }
        sendMute(request.sid, to: id)
    }

    private mutating func sendMute(_ sid: String, to id: ParticipantID) {
        send(
            .mute(
                .with {
                    $0.sid = sid
                    $0.muted = true
                }), to: id)
    }

    // MARK: The hosts'

    /// - Returns: whether there was something to close.
    @discardableResult
    mutating func close(_ device: HostControl.Device, of id: ParticipantID) -> Bool {
        let open = ownTracks(of: id).filter { !$0.muted && self.device($0, of: id) == device }
        for info in open {
            setMuted(
                .with {
                    $0.sid = info.sid
                    $0.muted = true
                }, by: id)
            sendMute(info.sid, to: id)
        }
        return !open.isEmpty
    }

    /// Closes what the rules, which just changed, want closed.
    mutating func enforce(_ device: HostControl.Device) {
        for id in attendees where isClosed(device, of: id) { close(device, of: id) }
    }

    /// Superiors whom a rule spares are asked.
    mutating func askSpared(_ device: HostControl.Device, except named: String? = nil) {
        let spared = attendees.filter { id in
            guard let participant = participants[id] else { return false }
            return participant.standing.isSuperior && !participant.standing.role.isHost
                && participant.identity != named && !isClosed(device, of: id)
                && ownTracks(of: id).contains { !$0.muted && self.device($0, of: id) == device }
        }
        tell(device == .microphone ? .askMute : .askCameraOff, to: spared)
    }

    @discardableResult
    mutating func stopShare(of id: ParticipantID) -> Bool {
        let shares = ownTracks(of: id).map { ($0.sid, $0.source) }.filter { Self.shareSources.contains($0.1) }
        for (sid, _) in shares {
            participants[id]?.publisher.pending.removeAll { $0.info.sid == sid }
            tellWithdrawn(sid, to: id)
            unpublish(sid)
        }
        return !shares.isEmpty
    }

    /// Where one may share at a time, and another does.
    func isShareTaken(for id: ParticipantID) -> Bool {
        governance?.rules.sharing == .one && attendees.contains { $0 != id && isSharing($0) }
    }
}
