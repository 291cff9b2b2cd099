// Joins one WebSocket to one session: frames in, in order; outputs out, by one writer; one goodbye.

import NIOCore

enum WebSocketConnection {
    typealias Socket = NIOAsyncChannel<SignalFrame, SignalOutput>

    /// Runs until the socket is gone, and tells the session so exactly once, last.
    @concurrent
    static func run<Session: SignalSession>(_ socket: Socket, _ session: Session) async {
        // An error here is the socket's end in one of its forms; the session hears of the end, not of its form.
        try? await socket.executeThenClose { inbound, outbound in
            await withDiscardingTaskGroup { group in
                group.addTask { await write(session.outputs, to: outbound) }
                await read(inbound, into: session)
                await session.socketClosed()
                group.cancelAll()
            }
        }
    }

    private static func read<Session: SignalSession>(
        _ inbound: NIOAsyncChannelInboundStream<SignalFrame>, into session: Session
    ) async {
        do {
            // One frame at a time: a busy session slows its own client down through TCP, nobody else.
            for try await frame in inbound { await session.receive(frame) }
        } catch {}
    }

    private static func write<Outputs: AsyncSequence<SignalOutput, Never>>(
        _ outputs: Outputs, to outbound: NIOAsyncChannelOutboundWriter<SignalOutput>
    ) async {
        do {
            for await output in outputs {
                try await outbound.write(output)
                switch output {
                case .frame: break
                case .close, .abort: return
                }
            }
            try await outbound.write(.close(code: 1000, reason: ""))
        } catch {
            // The socket closed under the writer; the reader sees the same and ends the session.
        }
    }
}
