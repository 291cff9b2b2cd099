// How names and queries are made comparable: lower case, full-width letters as plain ones, no space around them.

extension String {
    /// Full-width ASCII (U+FF01 to U+FF5E) and the ideographic space as their plain forms. Input methods produce them.
    var halfWidth: String {
        guard unicodeScalars.contains(where: { $0.plainForm != nil }) else { return self }
        var plain = String.UnicodeScalarView()
        for scalar in unicodeScalars { plain.append(scalar.plainForm ?? scalar) }
        return String(plain)
    }

    /// Without white space at both ends.
    var trimmed: String {
        guard let first = unicodeScalars.first, let last = unicodeScalars.last,
            first.properties.isWhitespace || last.properties.isWhitespace
        else { return self }
        guard let start = unicodeScalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let end = unicodeScalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return "" }
        return String(unicodeScalars[start...end])
    }

    /// What is compared in a search.
    var searchKey: [UInt8] { Array(halfWidth.trimmed.lowercased().utf8) }
}

extension Unicode.Scalar {
    fileprivate var plainForm: Unicode.Scalar? {
        switch value {
        case 0xFF01...0xFF5E: Unicode.Scalar(value - 0xFEE0)
        case 0x3000, 0xA0: " "
        default: nil
        }
    }
}
