// One message on its way to many sockets: looked at once by the validator, encoded at most once in each form.

import LiveKitProtocol
import Logging

struct Broadcast {
    private let message: LiveKitSignalResponse
    private let isValid: Bool
    private var frames: [FrameForm: SignalFrame] = [:]

    init(_ message: LiveKitSignalResponse, counters: MeetingCounters, logger: Logger) {
        self.message = message
        let fault = OutputValidator.fault(in: message)
        isValid = fault == nil
        if let fault {
            counters.count { $0.invalidOutputs &+= 1 }
            logger.error("message kept from clients", metadata: ["reason": "\(fault)"])
        }
    }

    /// Nil for a message that must not be sent.
    mutating func frame(_ form: FrameForm) -> SignalFrame? {
        guard isValid else { return nil }
        if let frame = frames[form] { return frame }
        guard let frame = try? SignalCoding.encode(message, as: form) else { return nil }
        frames[form] = frame
        return frame
    }
}
