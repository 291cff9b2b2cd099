// What Linux says a process has used: CPU time, memory.

import Foundation

struct ProcessFigures: Sendable {
    /// User and system, all threads, in seconds. The kernel counts in hundredths.
    var cpuSeconds: Double
    var residentBytes: UInt64

    /// Nil when there is no such process.
    static func read(_ process: Int32) -> ProcessFigures? {
        guard let stat = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
            let status = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        else { return nil }
        return ProcessFigures(stat: stat, status: status, ticksPerSecond: Double(sysconf(Int32(_SC_CLK_TCK))))
    }

    init?(stat: String, status: String, ticksPerSecond: Double) {
        // The name in parentheses may hold anything; what is counted begins after it (proc(5): state is field 3).
        guard let name = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[stat.index(after: name)...].split(separator: " ")
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") }),
            let kibibytes = UInt64(line.split(whereSeparator: { $0 == " " || $0 == "\t" })[1])
        else { return nil }
        cpuSeconds = (user + system) / ticksPerSecond
        residentBytes = kibibytes * 1_024
    }

    /// CPU time of this process.
    static var ownCPUSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}

/// The values of one family in Prometheus' text format, summed over labels.
enum MetricsReader {
    static func sum(_ name: String, in text: String) -> Double? {
        var sum: Double?
        for line in text.split(separator: "\n") where line.hasPrefix(name) {
            let rest = line.dropFirst(name.count)
            guard rest.first == " " || rest.first == "{",
                let value = line.split(separator: " ").last.flatMap({ Double($0) })
            else { continue }
            sum = (sum ?? 0) + value
        }
        return sum
    }
}
