// What a text may hold that other people will read: no control characters, nothing that turns the direction of writing
// or hides, since a name is a claim about who somebody is.

enum TextRules {
    /// Format characters that languages and emoji need between visible ones.
    private static let joiners: Set<UInt32> = [0x200C, 0x200D]
    /// Look like nothing without being format characters: fillers of Hangul, the braille blank.
    private static let blanks: Set<UInt32> = [0x115F, 0x1160, 0x3164, 0xFFA0, 0x2800]

    /// The text without white space around it, or why it cannot be taken. Empty is fine.
    static func checked(
        _ text: String, as field: MemberField, atMost characters: Int
    ) -> Result<String, FieldError> {
        // Bytes first: a String of unknown length is not walked character by character.
        guard text.utf8.count <= 2 * characters * DirectoryLimits.bytesPerCharacter else {
            return .failure(FieldError(field, .tooLong, limit: characters))
        }
        let text = text.trimmed
        guard text.count <= characters, text.utf8.count <= characters * DirectoryLimits.bytesPerCharacter else {
            return .failure(FieldError(field, .tooLong, limit: characters))
        }
        guard isClean(text) else { return .failure(FieldError(field, .badCharacter)) }
        return .success(text)
    }

    /// Whether nothing in it controls, turns or hides.
    static func isClean(_ text: String) -> Bool {
        let scalars = text.unicodeScalars
        guard let first = scalars.first, let last = scalars.last else { return true }
        // At an end a joiner joins nothing: it only makes two equal names differ.
        guard !joiners.contains(first.value), !joiners.contains(last.value) else { return false }
        return scalars.allSatisfy { scalar in
            if scalar.isASCII { return scalar.value >= 0x20 && scalar.value != 0x7F }
            if joiners.contains(scalar.value) { return true }
            if blanks.contains(scalar.value) { return false }
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate: return false
            default: return true
            }
        }
    }
}
