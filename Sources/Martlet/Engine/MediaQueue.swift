// What an application writes and the network has not taken yet: bounded, in order.
// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// How full a source's buffer is (row E33).
public enum BufferState: Sendable, Equatable {
    /// Nothing waits: whoever writes is too slow, or has ended.
    case empty
    /// Something waits, and there is room.
    case available
    /// There is no room: whoever writes is too fast.
    case full
}

/// A bounded queue between many writers, who wait while it is full, and one reader.
final class MediaQueue<Element: Sendable>: Sendable {
    private struct Writer {
        var number: UInt64
        var weight: Int
        var continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var items: [(element: Element, weight: Int)] = []
        var weight = 0
        var isClosed = false
        /// What whoever writes is thrown for now.
        var refusal: MartletError?
        var lastWriter: UInt64 = 0
        var writers: [Writer] = []
        /// Called once when there is something to read, or nothing any more.
        var reader: (@Sendable () -> Void)?
        var told = BufferState.empty
        var listeners: [AsyncStream<BufferState>.Continuation] = []

        /// Whether it takes anything at all.
        var takes: Bool { !isClosed && refusal == nil }
    }

    private let capacity: Int
    private let state = Mutex(State())

    /// - Parameter capacity: What all that waits may weigh; one element always fits an empty queue.
    init(capacity: Int) { self.capacity = max(1, capacity) }

    /// What all that waits weighs.
    var weight: Int { state.withLock { $0.weight } }

    /// How many wait for room, for tests.
    var writersWaiting: Int { state.withLock { $0.writers.count } }

    /// How full it is.
    var bufferState: BufferState { state.withLock { $0.told } }

    /// What whoever writes is thrown for now; `nil`: it takes what is written.
    var refusal: MartletError? { state.withLock { $0.refusal } }

    /// How full it is from now on, the present state first; for one reader each.
    func bufferStates() -> AsyncStream<BufferState> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: BufferState.self, bufferingPolicy: .bufferingNewest(16))
        state.withLock { state in
            continuation.yield(state.told)
            if state.isClosed {
                continuation.finish()
            } else {
                state.listeners.append(continuation)
            }
        }
        return stream
    }

    /// Appends an element if there is room for it.
    /// - Returns: Whether there was. `false` for a queue too that is closed or refuses.
    func tryWrite(_ element: Element, weight: Int) -> Bool {
        let reader: (@Sendable () -> Void)?
        let isTaken: Bool
        (isTaken, reader) = state.withLock { state in
            guard state.takes, state.writers.isEmpty, fits(weight, in: state) else {
                if state.takes { tell(.full, in: &state) }
                return (false, nil)
            }
            append(element, weight, to: &state)
            defer { state.reader = nil }
            return (true, state.reader)
        }
        reader?()
        return isTaken
    }

    /// Appends an element, and waits for room first.
    /// - Throws: `CancellationError`, or a ``MartletError`` once the queue is closed or while it refuses.
    func write(_ element: Element, weight: Int) async throws {
        while true {
            if tryWrite(element, weight: weight) { return }
            try Task.checkCancellation()
            let number = state.withLock { state in
                state.lastWriter += 1
                return state.lastWriter
            }
            let isOpen = await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let answer: Bool? = state.withLock { state in
                        if !state.takes { return false }
                        if state.writers.isEmpty, fits(weight, in: state) { return true }
                        state.writers.append(
                            Writer(number: number, weight: weight, continuation: continuation))
                        return nil
                    }
                    if let answer { continuation.resume(returning: answer) }
                    // Cancelled before there was anything to find.
                    if answer == nil, Task.isCancelled { wake(number) }
                }
            } onCancel: {
                wake(number)
            }
            try Task.checkCancellation()
            guard isOpen else {
                throw refusal
                    ?? MartletError(.sourceClosed, "The source was closed; make another.")
            }
        }
    }

    /// What a reader finds.
    enum Found {
        case element(Element)
        /// Nothing for now.
        case empty
        /// Nothing any more: it is closed.
        case over
    }

    /// What is there now; nobody waits for it.
    /// - Parameter writers: Takes up those who waited for room, to be resumed with `true` whatever happens.
    func take(_ writers: inout [CheckedContinuation<Bool, Never>]) -> Found {
        let (found, woken) = state.withLock { state in
            guard !state.items.isEmpty else {
                return (state.isClosed ? Found.over : .empty, [Writer]())
            }
            let item = state.items.removeFirst()
            state.weight -= item.weight
            tell(state.items.isEmpty ? .empty : .available, in: &state)
            return (.element(item.element), takeWriters(from: &state))
        }
        for writer in woken { writers.append(writer.continuation) }
        return found
    }

    /// Has a reader called once, with the next element or the end; whoever came before it is not called any more.
    /// - Returns: `false`: there is something to be found now, and nobody is called.
    func call(_ reader: @escaping @Sendable () -> Void) -> Bool {
        state.withLock { state in
            guard state.items.isEmpty, !state.isClosed else { return false }
            state.reader = reader
            return true
        }
    }

    /// The next element; `nil` once the queue is closed and empty, or the task is cancelled.
    func next() async -> Element? {
        while !Task.isCancelled {
            var writers: [CheckedContinuation<Bool, Never>] = []
            let found = take(&writers)
            for writer in writers { writer.resume(returning: true) }
            switch found {
            case .element(let element): return element
            case .over: return nil
            case .empty: break
            }
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let isReady = state.withLock { state in
                        if !state.items.isEmpty || state.isClosed || Task.isCancelled {
                            return true
                        }
                        state.reader = { continuation.resume() }
                        return false
                    }
                    if isReady { continuation.resume() }
                }
            } onCancel: {
                state.withLock { state in
                    defer { state.reader = nil }
                    return state.reader
                }?()
            }
        }
        return nil
    }

    /// Throws away what waits.
    func removeAll() {
        let writers = state.withLock { state in
            state.items = []
            state.weight = 0
            tell(.empty, in: &state)
            return takeWriters(from: &state)
        }
        for writer in writers { writer.continuation.resume(returning: true) }
    }

    /// Throws away what waits, and throws an error at whoever writes, until ``accept()``.
    func refuse(_ error: MartletError) {
        let writers = state.withLock { state in
            state.refusal = error
            state.items = []
            state.weight = 0
            tell(.empty, in: &state)
            return takeWriters(from: &state)
        }
        for writer in writers { writer.continuation.resume(returning: false) }
    }

    /// Takes what is written again.
    func accept() { state.withLock { $0.refusal = nil } }

    /// Takes nothing more; what waits can still be read.
    func close() {
        let (writers, reader, listeners) = state.withLock { state in
            state.isClosed = true
            defer {
                state.writers = []
                state.reader = nil
                state.listeners = []
            }
            return (state.writers, state.reader, state.listeners)
        }
        for writer in writers { writer.continuation.resume(returning: false) }
        reader?()
        for listener in listeners { listener.finish() }
    }

    // MARK: Inside

    private func fits(_ weight: Int, in state: State) -> Bool {
        state.items.isEmpty || state.weight + weight <= capacity
    }

    private func append(_ element: Element, _ weight: Int, to state: inout State) {
        state.items.append((element, weight))
        state.weight += weight
        tell(.available, in: &state)
    }

    /// Those who may try again now.
    private func takeWriters(from state: inout State) -> [Writer] {
        defer { state.writers = [] }
        return state.writers
    }

    private func wake(_ number: UInt64) {
        let writer: Writer? = state.withLock { state in
            guard let index = state.writers.firstIndex(where: { $0.number == number }) else {
                return nil
            }
            return state.writers.remove(at: index)
        }
        writer?.continuation.resume(returning: true)
    }

    private func tell(_ told: BufferState, in state: inout State) {
        guard state.told != told else { return }
        state.told = told
        for listener in state.listeners { listener.yield(told) }
    }
}
