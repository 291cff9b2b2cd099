// Voice activity of every audio publication, read from the packet core at a fixed pace.

extension RelayCore {
    func observeSpeakers(_ now: MediaTime) {
        var isListening = false
        for (id, publication) in publications where publication.parameters.kind == .audio && !publication.isMirror {
            isListening = true
            guard !publication.isMuted, let window = packets.takeAudioWindow(of: publication.currentStream),
                let activity = speakers.observe(id, window)
            else { continue }
            outbox.post(.audioActivity([activity]), to: publication.parameters.owner)
        }
        if isListening { timers.set(.speakers, now + SpeakerRanking.interval) }
    }
}
