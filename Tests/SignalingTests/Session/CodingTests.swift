// Messages in both forms, and what is kept from clients.

import Foundation
import LiveKitProtocol
import SwiftProtobuf
import Testing

@testable import Signaling

struct CodingTests {
    @Test func bothFormsSayTheSame() throws {
        let request = LiveKitSignalRequest.with { request in
            request.addTrack = .with {
                $0.cid = "c"
                $0.type = .video
                $0.source = .screenShareAudio
                $0.encryption = .gcm
            }
        }
        let text = try request.jsonString()
        #expect(text.contains("\"addTrack\"") && text.contains("SCREEN_SHARE_AUDIO"))
        #expect(try SignalCoding.decode(.text(text)) == request)
        #expect(try SignalCoding.decode(.binary(request.serializedBytes())) == request)
    }

    @Test func responsesInJSON() throws {
        let response = LiveKitSignalResponse.with { response in
            response.pongResp = .with {
                $0.lastPingTimestamp = 5
                $0.timestamp = 1_700_000_000_000
            }
        }
        #expect(
            try SignalCoding.encode(response, as: .text)
                == .text(#"{"pongResp":{"lastPingTimestamp":"5","timestamp":"1700000000000"}}"#))
        let candidate = LiveKitSignalResponse.with { response in
            response.trickle = .with {
                $0.candidateInit =
                    #"{"candidate":"candidate:1 1 udp 1 127.0.0.1 1 typ host","sdpMid":"","sdpMLineIndex":0}"#
            }
        }
        guard case .text(let text) = try SignalCoding.encode(candidate, as: .text) else { return }
        #expect(text.contains("candidateInit"))
    }

    @Test(arguments: [
        #"{}"#, #"{"newThing":{"a":1}}"#, #"{"ping":"5","also":[1,2]}"#, #"{"ping":5}"#,
        #"{"addTrack":{"cid":"x","type":"VIDEO","newField":true}}"#, #"{"add_track":{"cid":"x"}}"#,
    ])
    func unknownThingsAreSkipped(_ text: String) throws {
        _ = try SignalCoding.decode(.text(text))
        // Field 4000, a text, then an int64 ping.
        let bytes: [UInt8] = [0x82, 0xfa, 0x01, 0x01, 0x78, 0x70, 0x05]
        #expect(try SignalCoding.decode(.binary(bytes)).message == .ping(5))
    }

    @Test(arguments: [
        SignalFrame.text(""), .text("x"), .text("[]"), .text(#"{"ping":"x"}"#), .text(#"{"ping":1,"ping":2"#),
        .text(String(repeating: #"{"offer":"#, count: 10_000)), .text("null\u{0}"), .binary([0xff]),
        .binary([0x0a, 0x05, 1]),
        .binary([UInt8](repeating: 0x0b, count: 10_000)),
    ])
    func malformed(_ frame: SignalFrame) {
        #expect(throws: SignalCodingError.malformed) { try SignalCoding.decode(frame) }
    }

    // MARK: The validator

    private func participant(_ sid: String = "PA_a") -> LiveKitParticipantInfo {
        .with {
            $0.sid = sid
            $0.identity = "i"
        }
    }

    private var join: LiveKitJoinResponse {
        .with {
            $0.room = .with { $0.sid = "RM_a" }
            $0.participant = participant()
            $0.pingInterval = 5
            $0.pingTimeout = 15
            $0.serverVersion = "1.13.0"
            $0.serverInfo = .with { $0.version = "1.13.0" }
            $0.enabledPublishCodecs = [.with { $0.mime = "video/VP8" }]
        }
    }

    private func fault(_ message: LiveKitSignalResponse.OneOf_Message?) -> String? {
        OutputValidator.fault(in: .with { $0.message = message })
    }

    /// livekit-wire.md, 2.8: each of these aborts or breaks a client.
    @Test func whatBreaksClientsIsFound() {
        #expect(fault(nil) != nil)
        #expect(fault(.join(join)) == nil)
        func broken(_ change: (inout LiveKitJoinResponse) -> Void) -> LiveKitJoinResponse {
            var join = join
            change(&join)
            return join
        }
        for join in [
            broken { $0.clearRoom() }, broken { $0.clearParticipant() }, broken { $0.participant.sid = "x" },
            broken { $0.pingInterval = 0 }, broken { $0.pingTimeout = 0 }, broken { $0.serverVersion = "" },
            broken { $0.clearServerInfo() }, broken { $0.enabledPublishCodecs = [] },
            broken { $0.otherParticipants = [participant("TR_x")] },
        ] {
            #expect(fault(.join(join)) != nil)
        }
        for json in [
            #"{"candidate":"candidate:1","sdpMLineIndex":0}"#,
            #"{"candidate":"candidate:1","sdpMid":null,"sdpMLineIndex":0}"#,
            #"{"candidate":"candidate:1","sdpMid":"0"}"#, #"{"candidate":"","sdpMid":"0","sdpMLineIndex":0}"#, "", "{}",
        ] {
            #expect(fault(.trickle(.with { $0.candidateInit = json })) != nil)
        }
        #expect(
            fault(.trickle(.with { $0.candidateInit = #"{"candidate":"c","sdpMid":"","sdpMLineIndex":0}"# })) == nil)
        #expect(fault(.trackPublished(.with { $0.cid = "c" })) != nil)
        #expect(fault(.roomUpdate(.init())) != nil)
        for track in [
            LiveKitTrackInfo.with { $0.sid = "x" },
            .with {
                $0.sid = "TR_a"
                $0.type = .data
            },
        ] {
            var info = participant()
            info.tracks = [track]
            #expect(fault(.update(.with { $0.participants = [info] })) != nil)
            #expect(fault(.trackPublished(.with { $0.track = track })) != nil)
        }
        for level in [Float.nan, -0.1, 1.1, .infinity] {
            let speaker = LiveKitSpeakerInfo.with {
                $0.sid = "PA_a"
                $0.level = level
            }
            #expect(fault(.speakersChanged(.with { $0.speakers = [speaker] })) != nil)
        }
        #expect(fault(.trackSubscribed(.with { $0.trackSid = "x" })) != nil)
        #expect(fault(.offer(.with { $0.type = "offer" })) != nil)
        #expect(
            fault(
                .answer(
                    .with {
                        $0.type = "offer"
                        $0.sdp = "v=0\r\n"
                    })) != nil)
    }
}
