// libFuzzer target: any datagram as STUN, and any attributes inside a message that carries the right password. The first
// bit of the input chooses. Compiled together with the files listed in `sources`.

private let server = ICECredentials(usernameFragment: "srvr", password: "serverpasswordserverpa")
private let client = ICECredentials(usernameFragment: "clnt", password: "clientpasswordclientpa")
private let key = Array(server.password.utf8)

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSTUN(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: bytes, count: count))
    if let first = input.first, first & 0x80 != 0 {
        receiveAuthentic(Array(input.dropFirst()))
    } else if let message = try? STUNMessage(parsing: input) {
        precondition(!message.isAuthentic(key: key), "nobody can guess that")
        _ = message.localUsernameFragment
        var agent = ICELiteAgent(local: server, remote: client)
        precondition(agent.receive(message, from: address(1), now: MediaTime(microseconds: 1)).isEmpty)
    }
    return 0
}

private func address(_ port: UInt16) -> SocketAddress {
    guard let address = SocketAddress(ip: [192, 0, 2, 1], port: port) else { preconditionFailure("four bytes") }
    return address
}

/// The input as attributes: two bytes of type, one of length, the value.
private func receiveAuthentic(_ input: [UInt8]) {
    var reader = ByteReader(input)
    let kind = STUNMessageClass(rawValue: reader.readUInt8() & 3) ?? .request
    var writer = STUNWriter(kind, transactionID: STUNTransactionID(high: 1, low: 2))
    writer.write(username: "srvr:clnt")
    while reader.remaining >= 3 {
        let type = reader.readUInt16()
        // The writer adds these itself, in the place where they belong.
        if type == STUNAttribute.messageIntegrity || type == STUNAttribute.fingerprint { return }
        writer.write(type: type, value: reader.readBytes(min(Int(reader.readUInt8()), reader.remaining)))
    }
    guard let bytes = writer.finish(key: key), let message = try? STUNMessage(parsing: bytes) else { return }
    precondition(message.isAuthentic(key: key))
    var agent = ICELiteAgent(local: server, remote: client)
    let actions = agent.receive(message, from: address(1), now: MediaTime(microseconds: 1))
    for case .send(let answer, let to) in actions {
        precondition(to == address(1) && kind == .request && answer.count <= 128)
        guard let read = try? STUNMessage(parsing: answer) else { preconditionFailure("our own answer") }
        precondition(read.isAuthentic(key: key))
    }
    var generator = SystemRandomNumberGenerator()
    var asking = ICEClientAgent(local: client, remote: server, candidates: [address(1)], tieBreaker: 1)
    _ = asking.handleTimeout(now: MediaTime(microseconds: 1), using: &generator)
    _ = asking.receive(message, from: address(1), now: MediaTime(microseconds: 2), using: &generator)
}
