// What the server says to people in its own words: data packets with a topic of ours, each to those concerned and to nobody
// else, so that nobody loses face.

import Foundation
import LiveKitProtocol
import SwiftProtobuf

enum Notice: Sendable, Equatable {
    static let topic = "hutong.notice"

    case askUnmute, askCamera, askMute, askCameraOff, youAreHost, someoneWaits
    case closing(minutes: Int)

    var code: String {
        switch self {
        case .askUnmute: "ask_unmute"
        case .askCamera: "ask_camera"
        case .askMute: "ask_mute"
        case .askCameraOff: "ask_camera_off"
        case .youAreHost: "you_are_host"
        case .someoneWaits: "someone_waits"
        case .closing: "closing"
        }
    }

    var texts: (zh: String, en: String) {
        switch self {
        case .askUnmute: ("主持人请您打开麦克风", "The host asks you to open your microphone")
        case .askCamera: ("主持人请您打开摄像头", "The host asks you to open your camera")
        case .askMute: ("主持人请您关闭麦克风", "The host asks you to close your microphone")
        case .askCameraOff: ("主持人请您关闭摄像头", "The host asks you to close your camera")
        case .youAreHost: ("您现在是主持人", "You are the host now")
        case .someoneWaits: ("有人在等候室", "Somebody is in the waiting room")
        case .closing(let minutes): ("会议将在 \(minutes) 分钟后结束", "The meeting ends in \(minutes) min")
        }
    }

    var payload: Data {
        struct Body: Encodable {
            let code, zh, en: String
            let minutes: Int?
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var minutes: Int?
        if case .closing(let left) = self { minutes = left }
        let texts = texts
        return (try? encoder.encode(Body(code: code, zh: texts.zh, en: texts.en, minutes: minutes))) ?? Data()
    }
}

extension MeetingState {
    mutating func tell(_ notice: Notice, to ids: [ParticipantID]) {
        let sids = ids.compactMap { participants[$0]?.sid }
        // No addressee would be everybody.
        guard !sids.isEmpty else { return }
        let packet = LiveKitDataPacket.with {
            $0.kind = .reliable
            $0.user = .with {
                $0.payload = notice.payload
                $0.topic = Notice.topic
            }
        }
        // It is some hundred bytes, so it cannot be too large.
        try? sendData(packet, on: .reliable, to: DataAddressees(sids: Set(sids)))
    }
}
