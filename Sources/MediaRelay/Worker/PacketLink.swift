// The owner of one C link: the ring through which one worker's packet core hands packets to another's.

internal import CRelay

/// One way from one packet core to another. Both hold it; it ends with the last of them.
///
/// `@unchecked Sendable` is sound: the pointer never changes, and only the two packet cores that a link connects pass it
/// on to C, the sender to the calls of a sender and the reader to those of a reader, which crelay.h allows on two
/// threads. It is freed with the last reference, when neither is left.
package final class PacketLink: @unchecked Sendable {
    let link: OpaquePointer
    /// Kept alive: the sender wakes it.
    private let receiver: PacketLoopWaker?

    /// Nil: no memory.
    init?(receiver: PacketLoopWaker?) {
        guard let link = cr_link_create(receiver?.loop) else { return nil }
        self.link = link
        self.receiver = receiver
    }

    /// Between cores that are driven by hand.
    package convenience init?() { self.init(receiver: nil) }

    deinit { cr_link_destroy(link) }
}
