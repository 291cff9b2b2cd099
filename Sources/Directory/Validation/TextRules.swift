// What a text may hold that other people will read: no control characters, nothing that turns the direction of writing
// or hides, since a name is a claim about who somebody is.

public enum TextRules {
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

    /// Whether nothing in it controls, turns or hides. Two names that look the same are the same.
    public static func isClean(_ text: String) -> Bool {
        var previous: Unicode.Scalar?
        var isJoining = false
        for scalar in text.unicodeScalars {
            // Emoji are joined into one and told to be in colour; everywhere else these two only hide.
            if isJoining && !isPicture(scalar) { return false }
            isJoining = scalar == joiner
            if isJoining || scalar == colour {
                guard let previous, isPicture(previous) || previous == colour && isJoining else { return false }
            } else if !isVisible(scalar) {
                return false
            }
            previous = scalar
        }
        return !isJoining
    }

    private static let joiner: Unicode.Scalar = "\u{200D}"
    private static let colour: Unicode.Scalar = "\u{FE0F}"
    /// The braille pattern without dots: a blank that is no space.
    private static let blank: Unicode.Scalar = "\u{2800}"

    private static func isPicture(_ scalar: Unicode.Scalar) -> Bool {
        !scalar.isASCII && (scalar.properties.isEmoji || scalar.properties.isEmojiModifier)
    }

    private static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return scalar.value >= 0x20 && scalar.value != 0x7F }
        if scalar.properties.isDefaultIgnorableCodePoint || scalar == blank { return false }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate: return false
        default: return true
        }
    }
}
