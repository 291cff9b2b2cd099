// When a source may be asked for a keyframe. Every keyframe costs the sender as much as many ordinary frames, so all
// wishes for one source become one request. Sending the request is the caller's part.

/// One source's keyframe requests: wishes of any number of subscribers in, at most one request per `interval` out,
/// repeated with growing pauses until a keyframe comes.
struct KeyframeBudget {
    /// Smaller lets a crowd of subscribers ruin the picture for everybody (the sender spends its bits on keyframes);
    /// larger keeps a newcomer waiting for the first picture.
    static let interval = MediaSpan.milliseconds(500)
    /// A source that does not answer is asked again after 0.5, 1, 2, 4, 4 … seconds: a lost request is made good soon,
    /// a sender that cannot or will not is not pestered.
    static let maximumPause = MediaSpan.seconds(4)

    private var lastRequest: MediaTime?
    private var pause = Self.interval
    private(set) var isWanted = false
    /// When `fire` wants to be called; `never` while nobody wants a keyframe.
    private(set) var deadline = MediaTime.never

    /// Somebody needs a keyframe. True: ask the sender now. False: the wish waits for `deadline`.
    mutating func want(_ now: MediaTime) -> Bool {
        if isWanted { return false }
        isWanted = true
        pause = Self.interval
        guard let lastRequest, now.since(lastRequest) < Self.interval else { return request(now) }
        deadline = lastRequest + Self.interval
        return false
    }

    /// True: ask the sender (again) now.
    mutating func fire(_ now: MediaTime) -> Bool {
        guard isWanted, now >= deadline else { return false }
        return request(now)
    }

    /// The wish is fulfilled for everybody, or moot because the source was closed or muted.
    mutating func satisfy() {
        isWanted = false
        deadline = .never
    }

    private mutating func request(_ now: MediaTime) -> Bool {
        lastRequest = now
        deadline = now + pause
        pause = min(pause * 2, Self.maximumPause)
        return true
    }
}
