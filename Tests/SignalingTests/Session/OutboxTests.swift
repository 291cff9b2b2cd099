// Bounded, ordered, and always ending with one close.

import Testing

@testable import Signaling

struct OutboxTests {
    private func frame(_ size: Int) -> SignalFrame { .binary([UInt8](repeating: 1, count: size)) }

    @Test func orderAndEnd() async {
        let outbox = Outbox(form: .binary)
        for size in 1...200 { #expect(outbox.offer(frame(size)) == .accepted) }
        outbox.end(code: 1001, reason: "bye")
        outbox.end(code: 1008, reason: "again")
        #expect(outbox.offer(frame(1)) == .ended)
        var sizes: [Int] = []
        var closes: [UInt16] = []
        for await output in SessionOutputs(outbox: outbox) {
            switch output {
            case .frame(let frame): sizes.append(frame.byteCount)
            case .close(let code, _): closes.append(code)
            case .abort: Issue.record("nobody asked for it")
            }
        }
        #expect(sizes == Array(1...200) && closes == [1001])
        #expect(outbox.waitingBytes == 0)
    }

    @Test func anAbortComesAfterWhatWasOffered() async {
        let outbox = Outbox(form: .binary)
        #expect(outbox.offer(frame(1)) == .accepted)
        outbox.abort()
        outbox.end(code: 1001, reason: "too late")
        var outputs: [SignalOutput] = []
        for await output in SessionOutputs(outbox: outbox) { outputs.append(output) }
        #expect(outputs == [.frame(frame(1)), .abort])
    }

    @Test func aSlowReaderIsCutOff() async {
        let outbox = Outbox(form: .text, capacity: 1000)
        #expect(outbox.offer(frame(600)) == .accepted)
        #expect(outbox.offer(.text(String(repeating: "é", count: 200))) == .accepted)
        #expect(outbox.waitingBytes == 1000)
        #expect(outbox.offer(frame(1)) == .overflowed)
        #expect(outbox.waitingBytes == 0 && outbox.offer(frame(1)) == .ended)
        var outputs: [SignalOutput] = []
        for await output in SessionOutputs(outbox: outbox) { outputs.append(output) }
        #expect(outputs == [.close(code: 1008, reason: "too slow")])
    }

    @Test func aReaderThatKeepsUpIsNot() async {
        let outbox = Outbox(form: .binary, capacity: 100)
        let iterator = SessionOutputs(outbox: outbox).makeAsyncIterator()
        for _ in 0..<1000 {
            #expect(outbox.offer(frame(100)) == .accepted)
            #expect(await iterator.next() == .frame(frame(100)))
        }
    }

    @Test func aWaitingReaderIsWokenInOrder() async {
        let outbox = Outbox(form: .binary)
        let reader = Task {
            var sizes: [Int] = []
            for await output in SessionOutputs(outbox: outbox) {
                if case .frame(let frame) = output { sizes.append(frame.byteCount) }
            }
            return sizes
        }
        for size in 1...500 {
            _ = outbox.offer(frame(size))
            if size % 7 == 0 { await Task.yield() }
        }
        outbox.end(code: 1000, reason: "")
        #expect(await reader.value == Array(1...500))
    }

    @Test func cancellationAndAbandonmentEndTheReader() async {
        let outbox = Outbox(form: .binary)
        let reader = Task { await outbox.next() }
        try? await Task.sleep(for: .milliseconds(20))
        reader.cancel()
        #expect(await reader.value == nil)
        let second = Task { await outbox.next() }
        try? await Task.sleep(for: .milliseconds(20))
        outbox.abandon()
        #expect(await second.value == nil)
        #expect(outbox.offer(frame(1)) == .ended)
    }

    @Test func budget() {
        var budget = MessageBudget(perSecond: 10, burst: 20, now: .seconds(1))
        func spend(_ now: Duration) -> Bool { budget.spend(now: now) }
        #expect((0..<20).allSatisfy { _ in spend(.seconds(1)) })
        #expect(!spend(.seconds(1)))
        #expect(spend(.milliseconds(1100)))
        #expect(!spend(.milliseconds(1100)))
        // A clock that goes back gives nothing.
        #expect(!spend(.zero))
        #expect((0..<20).allSatisfy { _ in spend(.seconds(100)) })
        #expect(!spend(.seconds(100)))
    }
}
