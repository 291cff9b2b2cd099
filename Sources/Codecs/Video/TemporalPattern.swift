// Which temporal layer each VP8 frame belongs to, and what it may refer to and replace, so that a receiver may be sent
// fewer layers: the patterns of libwebrtc and Chromium.
//
//     frame            0     1     2     3     0 …
//     two layers       T0    T1    T0    T1          refers to Last; T0 replaces it
//     three layers     T0    T2    T1    T2          T1 also replaces Golden, to which the second T2 refers, too
//
// No frame of an upper layer changes what a lower one is read with.

internal import CCodecs

struct TemporalPattern: Sendable {
    struct Step: Sendable, Equatable {
        /// 0 is the base.
        var layer: Int
        /// Refers to nothing but base frames, and neither do later frames of its layer through it: here a receiver may
        /// begin to take this layer.
        var isLayerSync: Bool
        var use: co_vpx_reference_use

        /// No later frame refers to it. libvpx 1.12 says so of the middle layer as well (VPX_FRAME_IS_DROPPABLE), to
        /// which the highest one does refer.
        var isDiscardable: Bool { use == CO_VPX_LAST_TO_NOTHING || use == CO_VPX_LAST_AND_GOLDEN_TO_NOTHING }
    }

    private let steps: [Step]
    private var position = 0

    /// - Parameter layers: 1...3.
    init(layers: Int) {
        let base = Step(layer: 0, isLayerSync: false, use: CO_VPX_LAST_TO_LAST)
        switch layers {
        case 2:
            steps = [base, Step(layer: 1, isLayerSync: true, use: CO_VPX_LAST_TO_NOTHING)]
        case 3:
            steps = [
                base,
                Step(layer: 2, isLayerSync: true, use: CO_VPX_LAST_TO_NOTHING),
                Step(layer: 1, isLayerSync: true, use: CO_VPX_LAST_TO_GOLDEN),
                Step(layer: 2, isLayerSync: false, use: CO_VPX_LAST_AND_GOLDEN_TO_NOTHING),
            ]
        default:
            steps = [Step(layer: 0, isLayerSync: false, use: CO_VPX_FREE_CHOICE)]
        }
    }

    /// What the next frame is to be.
    var next: Step { steps[position] }

    /// A keyframe begins the pattern again, in the base layer.
    mutating func restart() { position = 0 }

    /// The frame came out. One that the rate control dropped is made up for by the next picture: were a middle frame
    /// left out, whoever began at the sync frame before it would lack what the frame after it refers to.
    mutating func advance() { position = (position + 1) % steps.count }
}

extension TemporalPattern.Step {
    static let keyframe = TemporalPattern.Step(layer: 0, isLayerSync: false, use: CO_VPX_KEYFRAME)
}
