// What a process must set right about itself before it takes connections.

import Foundation

enum SystemLimits {
    static func prepare() {
        // A client that goes away while we write is an error of that write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        raiseOpenFiles()
    }

    /// Each person is a file descriptor; distributions start programs with 1024 but allow more.
    private static func raiseOpenFiles() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < limit.rlim_max
        else {
            return
        }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
