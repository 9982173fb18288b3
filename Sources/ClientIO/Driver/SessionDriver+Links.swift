// How a driver does what the session asks of socket and media.
// SPDX-License-Identifier: Apache-2.0
import ClientSession
import NIOCore
import Signaling
import Synchronization
import Wire

/// Something to be done with the media link, one at a time.
enum MediaOperation {
    case offer(OfferTicket)
    case answer(OfferTicket, SDPBody)
    case relays([ICEServer])
    case end
}

extension SessionDriver {
    func obey(_ action: SessionAction) {
        switch action {
        case .openSocket: openSocket()
        case .closeSocket: closeSocket()
        case .send(let message): socket?.send(message.encoded())
        case .makeOffer(let ticket): enqueue(.offer(ticket))
        case .takeAnswer(let ticket, let body): enqueue(.answer(ticket, body))
        case .useRelays(let servers): enqueue(.relays(servers))
        case .endMedia:
            // What was to be done with the link is moot.
            mediaOperations = []
            if !isEndingMedia { mediaTask?.cancel() }
            hearsMedia = false
            mediaNumber += 1
            enqueue(.end)
        }
    }

    // MARK: The socket

    private func openSocket() {
        closeSocket()
        let socket = WebSocketClient(address, options: options.webSocket, on: eventLoop) {
            [weak self] event in
            self?.assumeIsolated { $0.heard(event) }
        }
        self.socket = socket
        socket.connect()
    }

    /// Nothing that the socket still brings is told.
    private func closeSocket() {
        socket?.close()
        socket = nil
    }

    private func heard(_ event: WebSocketClient.Event) {
        switch event {
        case .opened: tell { $0.socketOpened(at: $1) }
        case .received(let text): receive(text)
        case .closed(let error): lose(error)
        }
    }

    private func lose(_ error: WebSocketError) {
        lastLinkError = error
        socket = nil
        tell { $0.socketClosed(at: $1) }
    }

    private func receive(_ text: ByteBuffer) {
        let message: ServerMessage
        do {
            message = try MessageMemory.shared.message(
                Array(text.readableBytesView), bytesMax: options.webSocket.messageBytesMax)
        } catch {
            if error.code == .unknownMessageType { return tell { $0.receiveUnknown(at: $1) } }
            closeSocket()
            return lose(.protocolViolation("a message that is none (\(error.message))"))
        }
        switch message {
        case .error(let error) where phase != .connected: lastRefusal = error
        case .disconnected(let reason, let text, _):
            if let code = reason.code { lastRefusal = SignalingError(code, detail: text) }
        default: break
        }
        tell { $0.receive(message, at: $1) }
    }

    // MARK: The media link

    private func enqueue(_ operation: MediaOperation) {
        mediaOperations.append(operation)
        runMedia()
    }

    private func runMedia() {
        guard mediaTask == nil, !mediaOperations.isEmpty else { return }
        let operation = mediaOperations.removeFirst()
        let media = media
        // The driver is not held while the link works.
        switch operation {
        case .offer(let ticket):
            mediaTask = Task { [weak self] in
                do {
                    let body = try await media.makeOffer(for: ticket.purpose)
                    await self?.offered(body, for: ticket)
                } catch {
                    await self?.offerFailed(ticket, error)
                }
            }
        case .answer(let ticket, let body):
            if ticket.purpose == .join { hearsMedia = true }
            mediaTask = Task { [weak self] in
                do {
                    try await media.takeAnswer(body, for: ticket.purpose)
                    await self?.answerTaken()
                } catch {
                    await self?.answerFailed(ticket)
                }
            }
        case .relays(let servers):
            mediaTask = Task { [weak self] in
                await media.useRelays(servers)
                await self?.finishMedia()
            }
        case .end:
            isEndingMedia = true
            mediaTask = Task { [weak self] in
                await media.end()
                await self?.finishMedia()
            }
        }
    }

    private func answerTaken() {
        finishMedia()
        // The first that is heard of a link, new or mended, is told at once.
        mediaHeardAt.store(.min, ordering: .relaxed)
    }

    private func finishMedia() {
        mediaTask = nil
        isEndingMedia = false
        runMedia()
    }

    private func offered(_ body: SDPBody, for ticket: OfferTicket) {
        finishMedia()
        tell { $0.offered(body, for: ticket, at: $1) }
    }

    private func offerFailed(_ ticket: OfferTicket, _ error: any Error) {
        finishMedia()
        let refusal =
            error as? SignalingError
            ?? SignalingError(.invalidOffer, detail: "The media link could make no offer.")
        lastRefusal = refusal
        tell { $0.offerFailed(for: ticket, refusal.code, at: $1) }
    }

    /// A link that cannot take its answer is of no use. One that never can is not to storm the server.
    private func answerFailed(_ ticket: OfferTicket) {
        finishMedia()
        guard hearsMedia else { return }
        if case .slots = ticket.purpose { return }
        let pause = TimeAmount.milliseconds(250 << Int64(mediaFailures))
        mediaFailures = min(mediaFailures + 1, 5)
        let number = mediaNumber
        eventLoop.scheduleTask(in: pause) { [weak self] in
            self?.assumeIsolated { if $0.mediaNumber == number { $0.takeMediaFailed() } }
        }
    }

    // MARK: What media tells

    /// Something arrived over the media link. Cheap, from any thread: told on at most each 200 ms.
    package nonisolated func mediaHeard() {
        let now = now
        let last = mediaHeardAt.load(ordering: .relaxed)
        guard now - MediaInstant(nanoseconds: last) >= options.mediaHeardInterval,
            mediaHeardAt.compareExchange(
                expected: last, desired: now.nanoseconds, ordering: .relaxed
            ).exchanged
        else { return }
        eventLoop.execute { [weak self] in self?.assumeIsolated { $0.takeMediaHeard() } }
    }

    /// The media link is beyond repair: its handshake failed, or its agent has given up. From any thread.
    package nonisolated func mediaFailed() {
        eventLoop.execute { [weak self] in self?.assumeIsolated { $0.takeMediaFailed() } }
    }

    /// The network is another one: an address came or went. Cheap, from any thread: what comes within 50 ms, as several
    /// addresses do, is one change.
    package nonisolated func networkChanged() {
        guard !isNetworkChanging.exchange(true, ordering: .relaxed) else { return }
        eventLoop.scheduleTask(in: .milliseconds(50)) { [weak self] in
            self?.assumeIsolated { $0.takeNetworkChanged() }
        }
    }

    private func takeNetworkChanged() {
        isNetworkChanging.store(false, ordering: .relaxed)
        tell { $0.networkChanged(at: $1) }
    }

    private func takeMediaHeard() {
        guard hearsMedia else { return }
        mediaFailures = 0
        tell { $0.mediaHeard(at: $1) }
    }

    private func takeMediaFailed() {
        guard hearsMedia else { return }
        hearsMedia = false
        tell { $0.mediaFailed(at: $1) }
    }
}
