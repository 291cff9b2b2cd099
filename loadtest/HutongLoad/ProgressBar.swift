// One line on standard error that is written over and over, when somebody is there to see it.

import Foundation

struct ProgressBar {
    private let isShown = isatty(STDERR_FILENO) == 1
    private static let width = 30
    private static let clearLine = "\r\u{1b}[2K"

    func show(_ what: String, _ share: Double, _ detail: String = "") {
        guard isShown else { return }
        let filled = Int((min(max(share, 0), 1) * Double(Self.width)).rounded())
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: Self.width - filled)
        write("\(Self.clearLine)\(what) \(bar) \(Int((min(max(share, 0), 1) * 100).rounded())) %  \(detail)")
    }

    func clear() {
        if isShown { write(Self.clearLine) }
    }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
