// Text that a spreadsheet program would run as a formula, made harmless and back.
//
// A display name of `=HYPERLINK("http://…")` in an export is a program on the computer of the administrator who opens it.
// Quotation marks do not help: Excel, LibreOffice and WPS look at the text inside them. A leading apostrophe does: the
// cell is text then. An apostrophe already in front of such text gets a second one, so that nothing is lost: reading
// takes away what writing added, and an export can be imported again.

enum FormulaGuard {
    /// What begins a formula, or is skipped before one; the full-width ones are typed by Chinese and Japanese keyboards.
    private static let dangerous: Set<Unicode.Scalar> = [
        "=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠",
    ]

    private static func isDangerous(_ text: some StringProtocol) -> Bool {
        text.unicodeScalars.first { $0 != "'" }.map(dangerous.contains) ?? false
    }

    static func added(_ text: String) -> String { isDangerous(text) ? "'" + text : text }

    static func removed(_ text: String) -> String {
        text.utf8.first == UInt8(ascii: "'") && isDangerous(text) ? String(text.unicodeScalars.dropFirst()) : text
    }
}
