// A room as an application holds it.
// SPDX-License-Identifier: Apache-2.0
import ClientIO
import ClientSession
import NIOCore
import NIOPosix
import Signaling
import Wire

/// One participant in one room: join, publish, receive, leave (rows C01 to C36).
///
/// ```swift
/// let room = Room()
/// let events = room.events
/// try await room.join(JoinOptions(server: "ws://127.0.0.1:7880", room: "daily"))
/// let microphone = try AudioSource()
/// try await room.localParticipant.publish(microphone, as: .microphone)
/// ```
///
/// A process may hold as many as it likes; they share event loops and nothing else (rows C32 and C33).
public actor Room {
    /// What belongs to one join.
    struct Link: Sendable {
        let session: SessionDriver
        let media: MediaDriver
        let timeline: PublishTimeline
        let options: JoinOptions

        /// What a source begins with.
        var pacer: PublishPacer { PublishPacer(options.publishPacing, timeline) }
    }

    nonisolated let hub: RoomHub
    /// What carries the room out in another process; `nil`: it is carried out here.
    nonisolated let engine: IsolatedEngine?
    /// How its sessions are driven; the defaults but for tests, whose time may run faster.
    private let driverOptions: DriverOptions
    private var link: Link?
    /// When the present session was joined.
    private(set) var joinedAt: ContinuousClock.Instant?
    /// What was published since the room was joined, some of which may have been taken back.
    private(set) var publications: [LocalTrackPublication] = []
    /// Sections of custom pictures that are being published.
    private var reservedSections: Set<String> = []
    /// The settings of a room of this process.
    private(set) var heldParameters = RoomParameters()

    /// A participant that has not joined.
    /// - Parameter isolation: Where it is carried out (row G01); all that a room does is the same in both.
    public init(isolation: Isolation = .inProcess) {
        let hub = RoomHub()
        self.hub = hub
        driverOptions = DriverOptions()
        switch isolation {
        case .inProcess: engine = nil
        case .process(let options): engine = IsolatedEngine(options: options, hub: hub)
        }
    }

    /// A room of this process whose events are heard where they happen.
    init(
        driverOptions: DriverOptions = DriverOptions(),
        observer: (@Sendable (RoomNews) -> Void)?
    ) {
        hub = RoomHub(observer: observer)
        engine = nil
        self.driverOptions = driverOptions
    }

    deinit { hub.finish() }

    // MARK: Watching

    /// What happens from now on, in order; each caller has a stream of its own (row E01). It ends with the room.
    public nonisolated var events: AsyncStream<RoomEvent> { hub.events() }

    /// Where the connection stands (row C24).
    public nonisolated var connectionState: ConnectionState { hub.connectionState }

    /// Who is the loudest; `nil`: nobody speaks (row E12).
    public nonisolated var activeSpeaker: String? { hub.activeSpeaker }

    /// Everybody else, in the order of joining (row C23).
    public var remoteParticipants: [RemoteParticipant] {
        get async {
            if let engine { return await engine.participants() }
            return await link?.session.state.roster.participants.map { RemoteParticipant($0) } ?? []
        }
    }

    /// Oneself: who one is, what one publishes and what one says, from before joining on.
    public nonisolated var localParticipant: LocalParticipant { LocalParticipant(room: self) }

    /// The room's name; `nil` before it was joined (row C26).
    public var name: String? {
        get async {
            if let engine { return await engine.name }
            return await link?.session.state.room?.name.text
        }
    }

    /// The link to the server (row N07).
    public var transportStatistics: TransportStatistics {
        get async {
            if let engine { return await engine.transportStatistics }
            return await link?.media.transportStatistics ?? TransportStatistics()
        }
    }

    /// What was received of a track; `nil`: it is not received now (rows N03 and N04).
    public func statistics(of track: RemoteTrack) async -> RemoteTrackStatistics? {
        if let engine { return await engine.statistics(of: track) }
        guard let link, let key = try? TrackKey(track) else { return nil }
        return await link.media.receivingStatistics(key)
    }

    // MARK: Joining and leaving

    /// Joins a room, and returns when one is in (row C02).
    /// - Throws: A ``MartletError``: 1005 unless the room is `disconnected` (row C03), 1004 and 1006 to 1009 for what cannot be,
    ///   the server's code, 6000 where it cannot be reached, 6002 where it does not answer.
    public func join(_ options: JoinOptions) async throws(MartletError) {
        try PlatformRequirement.checked.get()
        if let engine { return try await engine.join(options) }
        if let link, await link.session.phase != .disconnected {
            throw MartletError(.invalidState, "Leave before you join again.")
        }
        await end()
        let link = try Self.link(options, heldParameters, hub: hub, driverOptions)
        self.link = link
        let hub = self.hub
        await link.media.attach(link.session) { key, bytes in
            hub.tell(
                .metadataReceived(
                    from: key.participant.text, track: key.track.text, bytes: bytes))
        }
        do throws(SessionFailure) {
            let request: JoinRequest
            do { request = try options.request() } catch { throw .refused(error) }
            _ = try await link.session.join(request)
            joinedAt = .now
        } catch {
            await link.media.end()
            // What went wrong on this side says more.
            if let cause = await link.media.offerError { throw cause }
            throw MartletError(error)
        }
    }

    private static func link(
        _ options: JoinOptions, _ parameters: RoomParameters, hub: RoomHub,
        _ driverOptions: DriverOptions
    ) throws(MartletError) -> Link {
        guard 1...3 ~= options.cameraSizes, 1...3 ~= options.screenSizes,
            0...8 ~= options.customPictures, 0...32 ~= options.receivedPairs
        else {
            throw MartletError(
                .invalidArgument,
                "There are 1 to 3 sizes of camera and screen, 0 to 8 custom pictures, and 0 to 32 pairs."
            )
        }
        var settings = MediaSettings()
        settings.room = "\(options.server) \(options.room)"
        settings.ports = options.mediaPorts
        settings.iceServers = options.iceServers.map(\.signaled)
        settings.relaysAlone = options.iceTransportPolicy == .relay
        settings.cameraRIDs = MediaSettings.rids(sizes: options.cameraSizes)
        settings.screenRIDs = MediaSettings.rids(sizes: options.screenSizes)
        settings.customPictures = options.customPictures
        settings.pairs = options.receivedPairs
        settings.soundSlots = options.receivedPairs == 0 ? 0 : settings.soundSlots
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        do {
            let address = try WebSocketAddress(options.server)
            var driverOptions = driverOptions
            driverOptions.timing.window = MediaDuration(
                nanoseconds: Int64(clamping: options.reconnectWindow.components.seconds)
                    .multipliedReportingOverflow(by: 1_000_000_000).partialValue)
            driverOptions.webSocket.proxy = try options.proxy.choice
            if let file = options.trustedCertificates {
                driverOptions.webSocket.tls = try TLSContext(alsoTrusting: file)
                settings.tls = driverOptions.webSocket.tls
            }
            let media = MediaDriver(settings: settings, parameters: parameters, on: loop)
            // The callback runs on the loop of both; it holds the session weakly, which holds it.
            let box = WeakSession()
            let session = try SessionDriver(
                address, media: media, options: driverOptions, on: loop
            ) { event in
                guard let session = box.session else { return }
                hub.hear(event, session: session, media: media)
            }
            box.session = session
            return Link(
                session: session, media: media, timeline: PublishTimeline(), options: options)
        } catch let error as SignalingError {
            throw MartletError(error)
        } catch let error as WebSocketError {
            throw MartletError(.invalidArgument, error.description)
        } catch {
            throw MartletError(.engineFailed, "\(error)")
        }
    }

    /// Leaves, and returns when one is out; does nothing where there is nothing to leave (rows C08, C19, Z03, Z04).
    public func leave() async {
        if let engine {
            await engine.leave()
            publications = []
            return
        }
        guard let link else { return }
        await stopPublishing()
        await link.session.leave()
        await end()
    }

    private func stopPublishing() async {
        for publication in publications { await publication.leave() }
        publications = []
    }

    private func end() async {
        await stopPublishing()
        await link?.media.end()
        link = nil
        joinedAt = nil
    }

    func linked() throws(MartletError) -> Link {
        // A session that ended by itself has left its link behind.
        guard let link, connectionState.isSomewhere else {
            throw MartletError(.invalidState, "Join a room first.")
        }
        return link
    }

    func hold(_ parameters: RoomParameters) async {
        heldParameters = parameters
        await link?.media.set(parameters)
    }

    /// Whether a join is the present one still.
    func isPresent(_ link: Link) -> Bool { self.link?.session === link.session }

    func keep(_ publication: LocalTrackPublication) {
        publications.removeAll { $0.isReplaced(by: publication) }
        publications.append(publication)
    }

    /// A section for a custom picture that carries none, kept free for it until ``release(_:)``; `nil`: there is none.
    func reserveCustomSection(_ link: Link) async -> String? {
        for mid in MediaSettings.customMIDs(link.options.customPictures) {
            guard reservedSections.insert(mid).inserted else { continue }
            // Looked at once it is kept: nobody else publishes in it meanwhile.
            let publications = await link.session.state.publications
            if !publications.contains(where: { $0.mid.text == mid }) { return mid }
            reservedSections.remove(mid)
        }
        return nil
    }

    func release(_ mid: String) { reservedSections.remove(mid) }

    /// Tells that the machine's network is another one, where that is known: the links are mended at once.
    public func networkChanged() {
        if let engine {
            engine.networkChanged()
        } else {
            link?.session.networkChanged()
        }
    }
}

/// A session that does not exist yet, for a callback that it is made with. Written once, before anything calls back.
private final class WeakSession: @unchecked Sendable {
    // Set on the thread that makes the session, before its event loop hears of it.
    weak var session: SessionDriver?
}

extension TrackKey {
    init(_ track: RemoteTrack) throws(SignalingError) {
        let id = try ParticipantID(track.participant)
        self.init(participant: id, track: try TrackID(track.id))
    }
}
