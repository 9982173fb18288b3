// Settings of a room's engine that few need: what has no place among the options of a call.
// SPDX-License-Identifier: Apache-2.0
import FoundationEssentials

/// Settings of a room's engine (rows G08 and G09), by name and as JSON: for trying out, and for what comes of a configuration.
///
/// What everybody may need is an option of the call that it belongs to. All that stands here acts; a name that is not known is
/// refused, so that a misspelt one is not taken for one that acts.
public struct RoomParameters: Sendable, Equatable {
    /// The least that sound is held against jitter before it is heard, in milliseconds: 20 to 1,000. Acts at once.
    public var soundDelayMinMilliseconds = 20
    /// The most, which pictures that come later cannot exceed either: 20 to 1,000. Acts at once.
    public var soundDelayMaxMilliseconds = 500
    /// What the way to the server is believed to carry before anything is known, in bits a second: 100,000 to 20,000,000. Acts
    /// with the next join.
    public var startBitsPerSecond = 500_000
    /// Whether sound repeats what came before in each packet (RFC 2198), and others' may. Acts with the next join.
    public var redundantAudio = true
    /// Whether media may go over IPv6. Acts with the next join.
    public var ipv6 = true
    /// For how much loss sound is encoded so that the next packet makes good for one that is lost (in-band FEC), in percent: 0
    /// (not at all) to 100. Acts on what is published from then on.
    public var expectedAudioLossPercent = 10

    /// The defaults.
    public init() {}

    /// The defaults, but for what a JSON object says.
    /// - Throws: As ``merge(json:)`` does.
    public init(json: String) throws(MartletError) { try merge(json: json) }

    /// Takes what a JSON object says; `null` is the default, and what it does not name stays.
    ///
    ///     {"redundantAudio": false, "soundDelayMinMilliseconds": 60}
    ///
    /// - Throws: A ``MartletError``, and nothing has changed: 6013 for a name that is none of these, 1004 for what is no JSON
    ///   object and for values that cannot be.
    public mutating func merge(json: String) throws(MartletError) {
        guard json.utf8.count <= Self.jsonBytesMax else {
            throw MartletError(
                .invalidArgument, "Parameters are at most \(Self.jsonBytesMax) bytes.")
        }
        var merged = self
        do {
            let decoder = JSONDecoder()
            let changes = try decoder.decode(Changes.self, from: Data(json.utf8))
            try changes.apply(to: &merged)
        } catch let error as MartletError {
            throw error
        } catch {
            throw MartletError(
                .invalidArgument, "Parameters are a JSON object of numbers and booleans: \(error)")
        }
        try merged.check()
        self = merged
    }

    /// The longest JSON that is read.
    private static let jsonBytesMax = 16_384

    /// All of them as a JSON object, which ``merge(json:)`` takes.
    public var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        // Numbers and booleans can always be written.
        guard let data = try? encoder.encode(self) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }

    /// Refuses values that cannot be.
    func check() throws(MartletError) {
        let delays = 20...1_000
        try Self.check("soundDelayMinMilliseconds", soundDelayMinMilliseconds, delays)
        try Self.check("soundDelayMaxMilliseconds", soundDelayMaxMilliseconds, delays)
        try Self.check("startBitsPerSecond", startBitsPerSecond, 100_000...20_000_000)
        try Self.check("expectedAudioLossPercent", expectedAudioLossPercent, 0...100)
        guard soundDelayMinMilliseconds <= soundDelayMaxMilliseconds else {
            throw MartletError(
                .invalidArgument,
                "soundDelayMinMilliseconds is not above soundDelayMaxMilliseconds.")
        }
    }

    private static func check(
        _ name: String, _ value: Int, _ range: ClosedRange<Int>
    ) throws(MartletError) {
        guard range ~= value else {
            throw MartletError(
                .invalidArgument,
                "\(name) is \(range.lowerBound) to \(range.upperBound), not \(value).")
        }
    }
}

extension RoomParameters: Codable {
    private enum CodingKeys: String, CodingKey {
        case soundDelayMinMilliseconds, soundDelayMaxMilliseconds, startBitsPerSecond
        case redundantAudio, ipv6, expectedAudioLossPercent
    }

    /// Any name.
    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// What a JSON object says.
    private struct Changes: Decodable {
        private let fields: KeyedDecodingContainer<Name>

        init(from decoder: any Decoder) throws {
            fields = try decoder.container(keyedBy: Name.self)
        }

        func apply(to parameters: inout RoomParameters) throws {
            let defaults = RoomParameters()
            // In an order of its own, so that the same is always refused first.
            for name in fields.allKeys.sorted(by: { $0.stringValue < $1.stringValue }) {
                func value<Value: Decodable>(_ otherwise: Value) throws -> Value {
                    try fields.decodeIfPresent(Value.self, forKey: name) ?? otherwise
                }
                switch CodingKeys(rawValue: name.stringValue) {
                case .soundDelayMinMilliseconds:
                    parameters.soundDelayMinMilliseconds = try value(
                        defaults.soundDelayMinMilliseconds)
                case .soundDelayMaxMilliseconds:
                    parameters.soundDelayMaxMilliseconds = try value(
                        defaults.soundDelayMaxMilliseconds)
                case .startBitsPerSecond:
                    parameters.startBitsPerSecond = try value(defaults.startBitsPerSecond)
                case .redundantAudio:
                    parameters.redundantAudio = try value(defaults.redundantAudio)
                case .ipv6: parameters.ipv6 = try value(defaults.ipv6)
                case .expectedAudioLossPercent:
                    parameters.expectedAudioLossPercent = try value(
                        defaults.expectedAudioLossPercent)
                case nil:
                    throw MartletError(
                        .unknownParameter,
                        "There is no parameter \(name.stringValue.prefix(64)); see RoomParameters.")
                }
            }
        }
    }

    /// Reads what ``json`` writes; as ``init(json:)``, with its errors.
    public init(from decoder: any Decoder) throws {
        self.init()
        try Changes(from: decoder).apply(to: &self)
        try check()
    }
}

extension Room {
    /// The settings of the engine, as they are now (row G09).
    /// - Throws: A ``MartletError`` 6011 while the process that carries the room is gone.
    public var parameters: RoomParameters {
        get async throws(MartletError) {
            if let engine { return try await engine.currentParameters() }
            return heldParameters
        }
    }

    /// Changes settings of the engine (row G08), before a join or in a room; each says when it acts.
    /// - Throws: A ``MartletError``: 1004 for values that cannot be, 6011 while the process that carries the room is gone.
    public func setParameters(_ parameters: RoomParameters) async throws(MartletError) {
        try parameters.check()
        if let engine { return try await engine.setParameters(parameters) }
        await hold(parameters)
    }

    /// Changes those settings of the engine that a JSON object names (row G08).
    /// - Throws: As ``RoomParameters/merge(json:)`` and ``setParameters(_:)`` do; nothing has changed then.
    public func setParameters(json: String) async throws(MartletError) {
        var changed = try await parameters
        try changed.merge(json: json)
        try await setParameters(changed)
    }
}
