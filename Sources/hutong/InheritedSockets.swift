// Listening sockets that a service manager opened and keeps for us: systemd's socket activation, sd_listen_fds(3). Who
// comes while we restart then waits some tenths of a second in the kernel, and is not refused.

import Foundation

struct InheritedSockets {
    /// Descriptors of the sockets, by their TCP ports.
    let descriptors: [Int: CInt]

    /// - Parameters:
    ///   - environment: `LISTEN_PID` and `LISTEN_FDS`; what is meant for another process is not for us.
    ///   - ports: of the configured addresses; what is passed must be for them, since the two are set in two places.
    /// - Throws: when something else than listening TCP sockets on these ports was passed.
    init(environment: [String: String], ports: Set<Int>, process: Int32 = getpid()) throws(ConfigurationProblem) {
        guard environment["LISTEN_PID"] == "\(process)", let count = environment["LISTEN_FDS"].flatMap(Int.init) else {
            descriptors = [:]
            return
        }
        var descriptors: [Int: CInt] = [:]
        // One more than there are ports is one that does not fit.
        for descriptor in Self.first..<Self.first + CInt(max(0, min(count, ports.count + 1))) {
            guard let port = Self.listeningPort(descriptor) else {
                throw ConfigurationProblem("LISTEN_FDS", "descriptor \(descriptor) is no listening TCP socket")
            }
            guard ports.contains(port) else {
                throw ConfigurationProblem(
                    "listen",
                    "the service manager passes a socket on port \(port), which is no port of ours; "
                        + "let its ListenStream= and listen agree")
            }
            // Whatever we may start one day has no business with it.
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            descriptors[port] = descriptor
        }
        self.descriptors = descriptors
    }

    /// After standard input, output and error.
    private static let first: CInt = 3

    private static func listeningPort(_ descriptor: CInt) -> Int? {
        var isListening: CInt = 0
        var size = socklen_t(MemoryLayout<CInt>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &isListening, &size) == 0, isListening == 1 else {
            return nil
        }
        // sockaddr_in and sockaddr_in6 have the port in the same place.
        var address = sockaddr_in6()
        size = socklen_t(MemoryLayout<sockaddr_in6>.size)
        let status = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
        }
        guard status == 0, [AF_INET, AF_INET6].contains(CInt(address.sin6_family)) else { return nil }
        return Int(UInt16(bigEndian: address.sin6_port))
    }
}
