// A participant that nobody has to be: numbered pictures, and a beep in step with them.
// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Martlet
import MediaCodecs

struct BeepCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "beep",
        abstract:
            "Joins a room and publishes a numbered, moving picture and a beep in step with it.",
        discussion: """
            Each second the lower third turns white for a tenth of a second, while a beep is heard. With --tone a tone is \
            heard all the time instead.
            """)

    @OptionGroup var server: ServerOptions

    @OptionGroup var isolation: IsolationOptions

    @Option(help: "VP8, VP9 or H264.")
    var codec = "VP8"

    @Option(help: "The size of the picture.")
    var size = "640x360"

    @Option(help: "Pictures a second, 1 to 60.")
    var fps = 25

    @Option(help: "The most bits a second for pictures.")
    var bitrate = 1_000_000

    @Option(help: "How much work is done for sound, 0 to 10; less costs quality.")
    var complexity = AudioPublishOptions().complexity

    @Option(help: "In how many sizes the picture is sent, 1 to 3.")
    var sizes = 1

    @Option(help: "A tone of so many hertz all the time, in place of the beep.")
    var tone: Double?

    @Flag(help: "Sound alone.")
    var audioOnly = false

    @Flag(help: "Sends \"beep 1\", \"beep 2\" … with its pictures, which have to be H264.")
    var metadata = false

    private static let beepFrequency = 1_000.0

    @Option(help: "How many such participants there are, 1 to 1,000; they are numbered.")
    var count = 1

    @Flag(help: "Each also hears everybody, mixed.")
    var listens = false

    func run() async throws {
        guard 1...1_000 ~= count else { throw ValidationError("There are 1 to 1,000 of them.") }
        let before = ProcessFigures.now
        let started = ContinuousClock.now
        var bots: [Bot] = []
        for number in 1...count { bots.append(try await begin(number)) }
        say(count == 1 ? "in the room \(server.room)" : "\(count) in the room \(server.room)")
        let tasks = bots.flatMap(\.tasks)
        let ends = bots.map(\.ends)
        let over = await withTaskGroup(of: RoomOver?.self) { group in
            group.addTask {
                await Interruption.wait()
                return nil
            }
            group.addTask {
                for task in tasks { _ = try? await task.value }
                return nil
            }
            for events in ends { group.addTask { await RoomOver.wait(events) } }
            let over = await group.next() ?? nil
            for task in tasks + bots.compactMap(\.listening) { task.cancel() }
            group.cancelAll()
            return over
        }
        if count > 1 {
            let used = ProcessFigures.now
            say(used.line(since: before, over: ContinuousClock.now - started, bots: count))
        }
        for bot in bots {
            await bot.room.leave()
            bot.telling.cancel()
        }
        if let over { throw over }
    }

    /// One participant, what it pushes, and what says how its engine is.
    private struct Bot {
        var room: Room
        var tasks: [Task<Void, any Error>]
        /// Hears the others as long as the room lasts.
        var listening: Task<Void, any Error>?
        var telling: Task<Void, Never>
        var ends: AsyncStream<RoomEvent>
    }

    /// Lets one participant join and begin.
    private func begin(_ number: Int) async throws -> Bot {
        var options = try server.join(number: count == 1 ? nil : number)
        if !listens {
            options.receivedPairs = 0
            options.autoSubscribe = .none
        }
        options.cameraSizes = sizes
        options.publishPacing = .byTimestamp
        let room = isolation.room()
        let telling = isolation.telling(of: room)
        let ends = room.events
        try await room.join(options)
        let sound = try AudioSource(bufferMilliseconds: 200)
        var encoding = AudioPublishOptions()
        encoding.complexity = complexity
        try await room.localParticipant.publish(sound, as: .microphone, encoding)
        let (tone, seconds) = (self.tone, server.seconds)
        var tasks = [
            Task { try await Self.beep(into: sound, tone: tone, seconds: seconds) }
        ]
        var listening: Task<Void, any Error>?
        if listens {
            let mixed = try await room.mixedAudio()
            listening = Task { for await _ in mixed {} }
        }
        if !audioOnly {
            let pictures = try VideoSource()
            let (width, height) = try parsedSize()
            var video = VideoPublishOptions()
            video.codec = try encodedCodec(codec)
            video.maxBitsPerSecond = bitrate
            video.frameRate = fps
            let publication = try await room.localParticipant.publish(pictures, as: .camera, video)
            if metadata {
                let seconds = server.seconds
                tasks.append(Task { try await Self.sendMetadata(publication, seconds) })
            }
            let fps = self.fps
            tasks.append(
                Task {
                    try await Self.show(
                        into: pictures, width: width, height: height, fps: fps,
                        isBeeping: tone == nil, seconds: seconds)
                })
        }
        return Bot(
            room: room, tasks: tasks, listening: listening, telling: telling, ends: ends)
    }

    private static func sendMetadata(
        _ publication: LocalTrackPublication, _ seconds: Double
    ) async throws {
        var number = 1
        while seconds == 0 || Double(number) < seconds * 2 {
            try publication.sendMetadata(Array("beep \(number)".utf8), repeats: 3)
            number += 1
            try await Task.sleep(for: .milliseconds(500))
        }
    }

    private func parsedSize() throws -> (Int, Int) {
        let parts = size.lowercased().split(separator: "x").map { Int($0) }
        guard parts.count == 2, let width = parts[0], let height = parts[1],
            64...1_920 ~= width, 64...1_080 ~= height, width % 2 == 0, height % 2 == 0
        else { throw ValidationError("A size is WIDTHxHEIGHT: even, 64x64 to 1920x1080.") }
        return (width, height)
    }

    /// Whether the beep is heard in a millisecond.
    static func isBeep(millisecond: Int) -> Bool { millisecond % 1_000 < 100 }

    private static func beep(
        into source: AudioSource, tone: Double?, seconds: Double
    ) async throws {
        var wave = TestTone(frequency: tone ?? beepFrequency)
        var position = 0
        while seconds == 0 || Double(position) < seconds * 48_000 {
            let start = position
            let samples = wave.next(480) { tone != nil || isBeep(millisecond: (start + $0) / 48) }
            try await source.write(
                AudioFrame(
                    samples: samples, format: source.format,
                    timestampMicroseconds: Int64(position) * 1_000 / 48))
            position += 480
        }
        source.close()
    }

    private static func show(
        into source: VideoSource, width: Int, height: Int, fps: Int, isBeeping: Bool,
        seconds: Double
    ) async throws {
        var picture = TestPicture(width: width, height: height)
        var number = 0
        while seconds == 0 || Double(number) < seconds * Double(fps) {
            let microseconds = Int64(number) * 1_000_000 / Int64(fps)
            let frame = try picture.draw(
                number: number & 0xFFFF,
                isFlash: isBeeping && isBeep(millisecond: Int(microseconds / 1_000)),
                microseconds: microseconds)
            try await source.write(frame)
            number += 1
        }
        source.close()
    }
}
