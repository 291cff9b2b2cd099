// Reads a session description line by line (RFC 8866). Linear in its length; every list it fills has a limit. Attributes
// that this relay has no use for are skipped, and so are candidates that do not follow the grammar (a server with
// ICE-lite never uses them); anything else that is malformed is refused with its line number.
// Attributes of sections are in SDPParser+Media.swift.

extension SessionDescription {
    /// - Throws: `SDPError` with the line that is to blame.
    public init(parsing text: String) throws(SDPError) {
        guard text.utf8.count <= Limits.SDP.bytes else { throw SDPError(.tooLong) }
        var parser = SDPParser()
        var rest = text[...].utf8
        while !rest.isEmpty {
            let (line, after) = rest.divided(at: UInt8(ascii: "\n"))
            rest = after ?? rest[rest.endIndex...]
            try parser.read(line)
        }
        self = try parser.finish()
    }
}

struct SDPParser {
    /// Credentials come in two lines.
    struct Credentials {
        var usernameFragment: String?
        var password: String?
    }

    private var description = SessionDescription(origin: SessionDescription.Origin(sessionID: 0, version: 0))
    private var lineNumber = 0
    private var sawVersion = false
    private var sawOrigin = false
    private var sessionCredentials = Credentials()
    var mids: Set<String> = []
    /// The section being read and what is kept until it ends.
    var section: MediaSection?
    var sectionCredentials = Credentials()
    /// Where a payload type stands in the section's formats.
    var formatIndices: [UInt8: Int] = [:]

    func error(_ reason: SDPError.Reason) -> SDPError { SDPError(reason, line: lineNumber) }

    mutating func read(_ rawLine: Substring.UTF8View) throws(SDPError) {
        lineNumber += 1
        // Lines end in CRLF; a bare LF is taken as well (RFC 8866, 5).
        let line = rawLine.last == UInt8(ascii: "\r") ? rawLine.dropLast() : rawLine
        if line.isEmpty { return }
        guard line.count <= Limits.SDP.lineBytes else { throw error(.lineTooLong) }
        let second = line.index(after: line.startIndex)
        guard second < line.endIndex, line[second] == UInt8(ascii: "="),
            line.allSatisfy({ $0 >= 0x20 && $0 != 0x7f })
        else { throw error(.malformedLine) }
        let type = line[line.startIndex]
        let value = line[line.index(after: second)...]
        guard sawVersion || type == UInt8(ascii: "v") else { throw error(.missing("v=")) }
        switch type {
        case UInt8(ascii: "v"): try readVersion(value)
        case UInt8(ascii: "o"): try readOrigin(value)
        case UInt8(ascii: "m"):
            try finishSection()
            try readMedia(value)
        case UInt8(ascii: "a"): try readAttribute(value)
        // Name, information, URI, contacts, connection, bandwidth, times, zones, keys: ICE and DTLS say it better.
        case _ where "siuepcbtrzk".utf8.contains(type): break
        default: throw error(.malformedLine)
        }
    }

    mutating func finish() throws(SDPError) -> SessionDescription {
        try finishSection()
        guard sawVersion else { throw SDPError(.missing("v=")) }
        guard sawOrigin else { throw SDPError(.missing("o=")) }
        description.transport.ice = try credentials(sessionCredentials)
        return description
    }

    private mutating func readVersion(_ value: Substring.UTF8View) throws(SDPError) {
        guard !sawVersion else { throw error(.duplicate("v=")) }
        guard value.elementsEqual("0".utf8) else { throw error(.malformed("v=")) }
        sawVersion = true
    }

    private mutating func readOrigin(_ value: Substring.UTF8View) throws(SDPError) {
        guard !sawOrigin else { throw error(.duplicate("o=")) }
        let fields = value.fields
        guard fields.count == 6, let sessionID = fields[1].decimal(UInt64.self),
            let version = fields[2].decimal(UInt64.self)
        else { throw error(.malformed("o=")) }
        description.origin = SessionDescription.Origin(
            username: fields[0].text, sessionID: sessionID, version: version)
        sawOrigin = true
    }

    private mutating func finishSection() throws(SDPError) {
        guard var finished = section else { return }
        finished.transport.ice = try credentials(sectionCredentials)
        description.sections.append(finished)
        section = nil
        sectionCredentials = Credentials()
    }

    private func credentials(_ parts: Credentials) throws(SDPError) -> ICECredentials? {
        switch (parts.usernameFragment, parts.password) {
        case (nil, nil): return nil
        case (let fragment?, let password?):
            return ICECredentials(usernameFragment: fragment, password: password)
        case (nil, _): throw error(.missing("ice-ufrag"))
        case (_, nil): throw error(.missing("ice-pwd"))
        }
    }

    private mutating func readMedia(_ value: Substring.UTF8View) throws(SDPError) {
        guard description.sections.count < Limits.SDP.mediaSections else { throw error(.tooMany(.mediaSections)) }
        section = try mediaSection(value)
    }

    private mutating func readAttribute(_ line: Substring.UTF8View) throws(SDPError) {
        let (name, value) = line.divided(at: UInt8(ascii: ":"))
        if section != nil {
            try readMediaAttribute(name.text, value ?? line[line.endIndex...])
        } else {
            try readSessionAttribute(name.text, value ?? line[line.endIndex...])
        }
    }

    private mutating func readSessionAttribute(_ name: String, _ value: Substring.UTF8View) throws(SDPError) {
        switch name {
        case "group":
            guard description.groups.count < Limits.SDP.groups else { throw error(.tooMany(.groups)) }
            description.groups.append(try group(value))
        case "ice-lite": description.isICELite = true
        case "extmap-allow-mixed": description.allowsMixedExtensions = true
        case "extmap": try append(extensionMap(value), to: &description.extensions)
        default:
            if let direction = Direction(rawValue: name) {
                description.direction = direction
            } else {
                try readTransportAttribute(name, value, &description.transport, &sessionCredentials)
            }
        }
    }

    private func group(_ value: Substring.UTF8View) throws(SDPError) -> SessionDescription.Group {
        let fields = value.fields
        guard let semantics = fields.first?.token else { throw error(.malformed("group")) }
        var mids: [String] = []
        for field in fields.dropFirst() {
            guard let mid = field.label else { throw error(.malformed("group")) }
            mids.append(mid)
        }
        return SessionDescription.Group(semantics: semantics, mids: mids)
    }
}

// Attributes that may stand in the session part or in a section.
extension SDPParser {
    func readTransportAttribute(
        _ name: String, _ value: Substring.UTF8View, _ transport: inout TransportAttributes,
        _ credentials: inout Credentials
    ) throws(SDPError) {
        switch name {
        case "ice-ufrag": credentials.usernameFragment = try iceText(value, 4...256, name)
        case "ice-pwd": credentials.password = try iceText(value, 22...256, name)
        case "ice-options": transport.iceOptions = value.fields.map(\.text)
        case "fingerprint":
            guard transport.fingerprints.count < Limits.SDP.fingerprints else { throw error(.tooMany(.fingerprints)) }
            transport.fingerprints.append(try fingerprint(value))
        case "setup":
            guard let setup = Setup(rawValue: value.text) else { throw error(.malformed(name)) }
            transport.setup = setup
        default: break
        }
    }

    /// RFC 8839, 5.4.
    private func iceText(
        _ value: Substring.UTF8View, _ length: ClosedRange<Int>, _ name: String
    ) throws(SDPError) -> String {
        guard length.contains(value.count), value.allSatisfy(\.isICECharacter) else { throw error(.malformed(name)) }
        return value.text
    }

    /// RFC 8122, 5: a hash function's name and pairs of hexadecimal digits.
    private func fingerprint(_ value: Substring.UTF8View) throws(SDPError) -> Fingerprint {
        let fields = value.fields
        guard fields.count == 2, let algorithm = fields[0].token else { throw error(.malformed("fingerprint")) }
        var bytes: [UInt8] = []
        for pair in fields[1].split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false) {
            let digits = pair.compactMap(\.hexValue)
            guard pair.count == 2, digits.count == 2 else { throw error(.malformed("fingerprint")) }
            bytes.append(digits[0] << 4 | digits[1])
        }
        return Fingerprint(algorithm: algorithm.lowercased(), bytes: bytes)
    }

    func extensionMap(_ value: Substring.UTF8View) throws(SDPError) -> ExtensionMap {
        let fields = value.fields
        guard fields.count >= 2 else { throw error(.malformed("extmap")) }
        let (number, way) = fields[0].divided(at: UInt8(ascii: "/"))
        // RFC 8285, 4.3 and 6: 256 is the local identifier of two-byte headers, 4096 to 4351 stand for "to be chosen".
        guard let id = number.decimal(UInt16.self), (1...256).contains(id) || (4096...4351).contains(id) else {
            throw error(.malformed("extmap"))
        }
        var direction: Direction?
        if let way {
            direction = Direction(rawValue: way.text)
            guard direction != nil else { throw error(.malformed("extmap")) }
        }
        let attributes = fields.dropFirst(2).map(\.text).joined(separator: " ")
        return ExtensionMap(
            id: id, direction: direction, uri: fields[1].text, attributes: attributes.isEmpty ? nil : attributes)
    }

    func append(_ map: ExtensionMap, to extensions: inout [ExtensionMap]) throws(SDPError) {
        guard extensions.count < Limits.SDP.extensionsPerSection else { throw error(.tooMany(.extensions)) }
        guard !extensions.contains(where: { $0.id == map.id }) else { throw error(.duplicate("extmap")) }
        extensions.append(map)
    }
}
