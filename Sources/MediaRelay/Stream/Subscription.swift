// What the worker holds of one subscription: its parameters and whether the packet core has a forward for it. The
// forward's name is the subscription's own.

struct Subscription {
    let parameters: SubscriptionParameters
    let owner: OwnerTag
    /// What the forward was opened with; empty while the formats do not fit and there is no forward.
    var payloads: [PayloadMapping] = []
    var isPaused = false
    var hasStarted = false

    var isForwarding: Bool { !payloads.isEmpty }
}
