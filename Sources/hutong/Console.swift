// What the program says to the person who started it, apart from the log.

import ArgumentParser
import Foundation

enum Console {
    /// sysexits.h: the configuration is wrong; service managers are told not to try again.
    static let configurationError = ExitCode(78)
    /// Something went wrong with this machine: a port in use, no memory.
    static let runtimeError = ExitCode(1)

    /// Written at once, unlike `Swift.print` into a pipe: scripts wait for the line.
    static func print(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

    static func complain(_ line: some CustomStringConvertible) {
        FileHandle.standardError.write(Data("hutong: \(line)\n".utf8))
    }

    static func warn(_ line: some CustomStringConvertible) {
        FileHandle.standardError.write(Data("hutong: warning: \(line)\n".utf8))
    }
}
