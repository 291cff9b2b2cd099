// Why the relay could not start, in words that tell the operator what to do.

public enum RelayError: Error, Sendable, Equatable {
    case invalidAddress(String)
    case invalidWorkerCount(Int)
    case portRange(first: UInt16, workers: Int)
    case noAddressToAnnounce
    case portInUse(UInt16)
    case tcpPortInUse(UInt16)
    case addressNotAvailable(String)
    case permissionDenied(port: UInt16)
    case socket(errno: Int32, port: UInt16)
    case tcpSocket(errno: Int32, port: UInt16)
    case certificate(String)
    case memory
    case thread(errno: Int32)
}

extension RelayError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .invalidAddress(let text):
            "\"\(text)\" is not a numeric IPv4 or IPv6 address."
        case .invalidWorkerCount(let count):
            "\(count) media workers: choose 1 to 255, or leave it out for one per core."
        case .portRange(let first, let workers):
            "UDP ports from \(first) for \(workers) workers go beyond 65535: choose a lower first port."
        case .noAddressToAnnounce:
            "The media address is a wildcard: say with --announce which address clients shall send to."
        case .portInUse(let port):
            "UDP port \(port) is in use: stop the other program or choose another media port."
        case .tcpPortInUse(let port):
            "TCP port \(port) is in use: stop the other program, choose another media port, or turn media.tcp off."
        case .addressNotAvailable(let text):
            "This machine has no address \(text): choose one of its own for media, and announce the public one."
        case .permissionDenied(let port):
            "No permission to use UDP port \(port): choose one above 1023."
        case .socket(let number, let port):
            "UDP port \(port) cannot be opened (errno \(number))."
        case .tcpSocket(let number, let port):
            "TCP port \(port) cannot be opened (errno \(number)): choose another media port, or turn media.tcp off."
        case .certificate(let reason):
            "No DTLS certificate: \(reason)."
        case .memory:
            "Not enough memory for the packet core."
        case .thread(let number):
            "No thread for a media worker (errno \(number)): raise the limit of processes."
        }
    }
}
