// What the worker holds of one subscription: its parameters and whether the packet core has a forward for it. The
// forward's name is the subscription's own.

struct Subscription {
    let parameters: SubscriptionParameters
    let owner: OwnerTag
    /// What is forwarded as what; empty while the formats do not fit.
    var payloads: [PayloadMapping] = []
    var isPaused = false
    var hasStarted = false

    var isForwarding: Bool { !payloads.isEmpty }
    /// The packet core knows it. It stays there when a change of the publication leaves nothing to forward.
    var hasForward = false
}
