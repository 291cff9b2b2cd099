// Debian's Janus as a peer to be judged by: VideoRoom behind its WebSocket transport, everything else off, as the peers of
// docs/load-testing.md were measured.

import Foundation

enum JanusServer {
    private static let program = "/usr/bin/janus"

    static func start(people: Int, cores: Cores) throws -> (ServerProcess, SignalAddress) {
        guard FileManager.default.isExecutableFile(atPath: program) else {
            throw LoadError("Janus is not installed: apt-get install janus")
        }
        guard let address = ownAddress() else {
            throw LoadError("Janus does not use loopback addresses, and this machine has no other; give it one")
        }
        let port = try ServerProcess.freePort(SOCK_STREAM)
        let folder = try ServerProcess.makeFolder()
        for (name, text) in files(address: address, port: port, people: people) {
            guard (try? Data(text.utf8).write(to: folder.appendingPathComponent(name))) != nil else {
                throw LoadError("\(folder.path) cannot be written; set TMPDIR to a folder that can")
            }
        }
        let server = try ServerProcess(
            program, ["-F", folder.path, "-C", folder.appendingPathComponent("janus.jcfg").path],
            environment: ProcessInfo.processInfo.environment, cores: cores, folder: folder)
        return (server, SignalAddress(host: "127.0.0.1", port: port, usesTLS: false))
    }

    /// What is sent to an address of this machine stays in it, over the loopback device.
    private static func ownAddress() -> String? {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return nil }
        defer { freeifaddrs(list) }
        for entry in sequence(first: list, next: { $0?.pointee.ifa_next }) {
            guard let interface = entry?.pointee, let address = interface.ifa_addr else { continue }
            let flags = Int32(bitPattern: interface.ifa_flags)
            guard address.pointee.sa_family == sa_family_t(AF_INET), flags & Int32(IFF_UP) != 0,
                flags & Int32(IFF_LOOPBACK) == 0
            else { continue }
            var text = [CChar](repeating: 0, count: Int(INET_ADDRSTRLEN))
            let isText = address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { address in
                var number = address.pointee.sin_addr
                return inet_ntop(AF_INET, &number, &text, socklen_t(text.count)) != nil
            }
            if isText { return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) }
        }
        return nil
    }

    /// One event loop for all connections: a thread for each, its default, costs half as much again on one core.
    private static func files(address: String, port: Int, people: Int) -> [(String, String)] {
        let main = """
            general: {
                debug_level = 2
                event_loops = 1
                session_timeout = 0
            }
            media: {
                rtp_port_range = "20000-60000"
            }
            nat: {
                ice_enforce_list = "\(address)"
                ignore_mdns = true
            }
            plugins: {
                disable = "\(disabledPlugins)"
            }
            transports: {
                disable = "libjanus_http.so,libjanus_mqtt.so,libjanus_nanomsg.so,libjanus_pfunix.so,libjanus_rabbitmq.so"
            }
            events: {
                broadcast = false
            }

            """
        let room = """
            room-\(JanusParticipant.room): {
                description = "load"
                publishers = \(people)
                bitrate = 0
                fir_freq = 0
                audiocodec = "opus"
                videocodec = "vp8"
            }

            """
        let sockets = """
            general: {
                json = "compact"
                ws = true
                ws_port = \(port)
                ws_ip = "127.0.0.1"
                wss = false
            }
            admin: {
                admin_ws = false
            }

            """
        return [
            ("janus.jcfg", main), ("janus.plugin.videoroom.jcfg", room), ("janus.transport.websockets.jcfg", sockets),
        ]
    }

    private static let disabledPlugins = [
        "audiobridge", "duktape", "echotest", "lua", "nosip", "recordplay", "sip", "streaming", "textroom", "videocall",
        "voicemail",
    ].map { "libjanus_\($0).so" }.joined(separator: ",")
}
