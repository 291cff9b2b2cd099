// The one place of the module that reads files: time zones by name, from the system's tz database. Keeping what was
// read is left to the caller.

import Foundation

public struct ZoneFolder: Sendable {
    private let folder: URL

    /// - Parameter path: where Debian's tzdata puts its files, unless told otherwise.
    public init(path: String = "/usr/share/zoneinfo") {
        folder = URL(fileURLWithPath: path, isDirectory: true).resolvingSymlinksInPath()
    }

    /// - Throws: `zone_name`, `zone_unknown` when there is no such file in the folder, `zone_file` when it is not a zone.
    public func zone(named name: String) throws(SchedulingError) -> Zone {
        guard Zone.isWellFormed(name: name) else { throw SchedulingError(.zoneName, name) }
        // Some names are links; none of them leads elsewhere.
        let file = folder.appendingPathComponent(name).resolvingSymlinksInPath()
        guard file.path.hasPrefix(folder.path + "/"), let handle = try? FileHandle(forReadingFrom: file) else {
            throw SchedulingError(.zoneUnknown, name)
        }
        defer { try? handle.close() }
        guard let data = try? handle.read(upToCount: ZoneFileLimit.size + 1) else {
            throw SchedulingError(.zoneUnknown, name)
        }
        return try Zone(name: name, file: [UInt8](data))
    }
}
