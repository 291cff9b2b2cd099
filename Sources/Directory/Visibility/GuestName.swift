// All that a guest has to say about himself: a name (B29). Everything else he gives by his own choice, elsewhere.

public struct GuestName: Sendable, Hashable, CustomStringConvertible {
    /// Characters. Longer ones do not fit under a picture.
    public static let longest = 32

    public let text: String

    /// The name as typed, or what is wrong with it.
    public init(_ typed: String) throws(FieldError) {
        switch TextRules.checked(typed, as: .name, atMost: Self.longest) {
        case .success(""): throw FieldError(.name, .required)
        case .success(let text): self.text = text
        case .failure(let error): throw error
        }
    }

    public var description: String { text }
}
