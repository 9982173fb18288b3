// Where a room's engine runs: in the application's process, or in one of its own.
// SPDX-License-Identifier: Apache-2.0
import FoundationEssentials
public import Logging

/// Where a room is carried out (row G01).
public enum Isolation: Sendable, Equatable {
    /// In the application's own process.
    case inProcess
    /// In a child process: codecs and everything that reads the network run there. Whatever ends it, the application lives, and is
    /// told ``ChangeReason/engineCrashed``.
    case process(EngineOptions = EngineOptions())
}

/// How the process of an isolated room is run.
public struct EngineOptions: Sendable, Equatable {
    /// The program (row G02): `martlet-media`, or any that calls ``MediaEngine/run()`` where its first argument is `engine`. `nil`:
    /// `martlet-media` beside the running program, else the first one of `PATH`.
    public var executable: String?
    /// Whether a new process takes the place of one that ended by itself, and joins again; at most five times a minute (row G06).
    public var restarts = false
    /// A folder that takes what the process has to say, as `engine-<pid>.log` (row G04); `nil`: the application's stderr.
    public var logDirectory: String?
    /// What is given the process's own lines beside, at the level `info` and with its number as `engine` (row G04); `nil`: nothing.
    /// What a crash prints is in the file, or the stderr, alone.
    public var logger: Logger?
    /// The local UDP ports of media where ``JoinOptions/mediaPorts`` names none (row G03).
    public var mediaPorts: ClosedRange<UInt16>?

    /// The program beside one's own, without restarts.
    public init() {}

    /// Options written as JSON (row G05): `{"executable": …, "restarts": true, "logDirectory": …, "lowPort": 42000, "highPort":
    /// 45000}`, each of which may be missing.
    /// - Throws: A ``MartletError`` 1004 for what is no such JSON, and for ports that are no range.
    public init(json: String) throws(MartletError) {
        let written: Written
        do {
            written = try JSONDecoder().decode(Written.self, from: Data(json.utf8))
        } catch {
            throw MartletError(.invalidArgument, "Engine options are a JSON object: \(error)")
        }
        executable = written.executable
        restarts = written.restarts ?? false
        logDirectory = written.logDirectory
        switch (written.lowPort, written.highPort) {
        case (nil, nil): break
        case (let low?, let high?) where 0 < low && low <= high: mediaPorts = low...high
        default:
            throw MartletError(
                .invalidArgument, "lowPort and highPort come together, the lower one first.")
        }
    }

    /// Whether two say the same of the process; where its lines go beside is not compared.
    public static func == (left: EngineOptions, right: EngineOptions) -> Bool {
        left.executable == right.executable && left.restarts == right.restarts
            && left.logDirectory == right.logDirectory && left.mediaPorts == right.mediaPorts
    }

    private struct Written: Decodable {
        var executable: String?
        var restarts: Bool?
        var logDirectory: String?
        var lowPort: UInt16?
        var highPort: UInt16?
    }
}

extension Room {
    /// The process that carries an isolated room now; `nil`: none does.
    public var engineProcess: Int32? {
        get async { await engine?.processID }
    }
}
