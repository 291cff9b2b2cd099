// Ctrl-C: the first asks for the report so far, the second ends at once.

import Foundation
import Synchronization

enum Interruption {
    private static let count = Atomic<Int>(0)

    static var isAskedFor: Bool { count.load(ordering: .relaxed) > 0 }

    static func listen() {
        // Made now: inside a signal handler would be too late.
        _ = isAskedFor
        for number in [SIGINT, SIGTERM] {
            signal(number) { _ in
                // 130: ended by Ctrl-C, as shells count.
                if Interruption.count.add(1, ordering: .relaxed).newValue > 1 { _exit(130) }
            }
        }
        signal(SIGPIPE, SIG_IGN)
    }
}
