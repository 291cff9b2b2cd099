// Which core is whose: the server alone on the first, we on the second.

import CLoad

struct Cores: Sendable, Equatable {
    /// Nil: nothing is pinned, since there is only one core or the server is not ours.
    var server: Int?
    var client: Int?
    /// Both before all ordinary work, so that a machine that does other things can be measured on.
    var isRealtime = false

    private static let most = 1_024

    static func assign() -> Cores {
        var cores = [Int32](repeating: 0, count: most)
        let count = cl_allowed_cores(&cores, cores.count)
        guard count >= 2 else { return Cores() }
        return Cores(server: Int(cores[0]), client: Int(cores[1]))
    }

    /// Keeps this thread, and the threads it will make, on the client's core.
    func pinClient() {
        if let client { _ = cl_pin_thread(Int32(client)) }
        if isRealtime { _ = cl_make_realtime() }
    }

    /// CPU seconds that the server's core has spent on anybody.
    var serverBusySeconds: Double? {
        guard let server else { return nil }
        var busy = 0.0
        var idle = 0.0
        return cl_core_times(Int32(server), &busy, &idle) ? busy : nil
    }

    /// The price of a bare sendto on the server's core, in nanoseconds of CPU: the middle of some short slices. Taken
    /// twice, just before and just after what is measured while media flows: then clock speed and caches are as they
    /// are meanwhile, and not a microsecond is taken from the server while it is judged. It is counted in CPU time, so
    /// that waiting for the busy core does not count.
    func timeSendto() -> [Double] {
        (0..<Self.slices).map { _ in cl_time_sendto(Int32(server ?? -1), Self.sendsPerSlice) }.filter { $0 > 0 }
    }

    private static let slices = 5
    /// About 3 ms, in which no socket of ours overflows.
    private static let sendsPerSlice: UInt32 = 1_000
}

extension [Double] {
    var median: Double? {
        guard !isEmpty else { return nil }
        let sorted = sorted()
        return count % 2 == 1 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2
    }
}
