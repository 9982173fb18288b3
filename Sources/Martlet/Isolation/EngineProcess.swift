// An engine's process: found, started, and waited for.
// SPDX-License-Identifier: Apache-2.0
import CEngineProcess
import FoundationEssentials

/// How a process ended.
enum EngineEnding: Sendable, Equatable {
    case exited(Int)
    case signalled(Int)
    case unknown

    /// What is told of it.
    var text: String {
        switch self {
        case .exited(let status): "it ended with status \(status)"
        case .signalled(let signal):
            "it was ended by signal \(signal)\(Self.names[signal].map { " (\($0))" } ?? "")"
        case .unknown: "it ended, and nobody knows how"
        }
    }

    private static let names = [
        4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE", 9: "SIGKILL",
        11: "SIGSEGV", 15: "SIGTERM",
    ]
}

/// A child that was started. Its number is its own until ``ending(patience:)`` has returned.
struct EngineProcess: Sendable {
    /// What the application keeps of what it shares with the child.
    struct Launched {
        let process: EngineProcess
        let socket: Int32
        let outgoing: SharedMemory
        let incoming: SharedMemory
    }

    let id: Int32

    // MARK: Starting

    /// Starts the program of some options.
    /// - Throws: A ``MartletError``: 1004 where there is no such program or no such folder, 6011 where the system refuses.
    static func launch(_ options: EngineOptions) async throws(MartletError) -> Launched {
        let path = try executable(options.executable)
        let (socket, theirs) = try pair()
        defer { martlet_engine_close(theirs) }
        do throws(MartletError) {
            let outgoing = try Frames(isWritten: true)
            let incoming = try Frames(isWritten: false)
            let log = try Log(options.logDirectory)
            let id = unsafe martlet_engine_start(
                path, theirs, outgoing.descriptor, incoming.descriptor, log.descriptor)
            guard id > 0 else {
                throw MartletError(
                    .engineFailed, "\(path) cannot be started (errno \(-id)).")
            }
            log.rename(id)
            return Launched(
                process: EngineProcess(id: id), socket: socket, outgoing: outgoing.memory,
                incoming: incoming.memory)
        } catch {
            martlet_engine_close(socket)
            throw error
        }
    }

    private static func pair() throws(MartletError) -> (ours: Int32, theirs: Int32) {
        var (ours, theirs): (Int32, Int32) = (-1, -1)
        let status = unsafe martlet_engine_pair(&ours, &theirs)
        guard status == 0 else {
            throw MartletError(
                .engineFailed, "There is no socket for an engine (errno \(-status)).")
        }
        return (ours, theirs)
    }

    /// Memory of one direction, with its descriptor until the child has it.
    private struct Frames: ~Copyable {
        let descriptor: Int32
        let memory: SharedMemory

        init(isWritten: Bool) throws(MartletError) {
            let made = martlet_frames_make(EngineConnection.memoryBytes)
            guard made >= 0 else {
                throw MartletError(
                    .engineFailed, "There is no memory for frames (errno \(-made)).")
            }
            do throws(MartletError) {
                memory = try SharedMemory(descriptor: made, isWritten: isWritten)
            } catch {
                martlet_engine_close(made)
                throw error
            }
            descriptor = made
        }

        deinit { martlet_engine_close(descriptor) }
    }

    /// Where the child's stderr goes: a file that is named for the process once that is known.
    private struct Log: ~Copyable {
        let descriptor: Int32
        private let folder: String
        private let path: String

        init(_ folder: String?) throws(MartletError) {
            self.folder = folder ?? ""
            guard let folder else {
                path = ""
                descriptor = -1
                return
            }
            path =
                "\(folder)/engine-starting-\(martlet_engine_own_id())-\(UInt64.random(in: .min ... .max)).log"
            let opened = unsafe martlet_engine_open_log(folder, path)
            guard opened >= 0 else {
                throw MartletError(
                    .invalidArgument,
                    "The log directory \(folder) takes no file (errno \(-opened)): give another.")
            }
            descriptor = opened
        }

        deinit { if descriptor >= 0 { martlet_engine_close(descriptor) } }

        func rename(_ process: Int32) {
            guard descriptor >= 0 else { return }
            unsafe martlet_engine_rename(path, "\(folder)/engine-\(process).log")
        }
    }

    // MARK: Finding

    /// The name of the program that comes with the SDK.
    static let programName = "martlet-media"

    private static func executable(_ given: String?) throws(MartletError) -> String {
        if let given {
            guard mayRun(given) else {
                throw MartletError(.invalidArgument, "\(given) is no program: give another.")
            }
            return given
        }
        var places: [String] = []
        if let own = ownPath, let slash = own.lastIndex(of: "/") {
            places.append(String(own[..<slash]))
        }
        places += (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
            .map(String.init)
        for place in places where mayRun("\(place)/\(programName)") {
            return "\(place)/\(programName)"
        }
        throw MartletError(
            .invalidArgument,
            "\(programName) is neither beside this program nor in PATH: name it in EngineOptions.executable."
        )
    }

    private static func mayRun(_ path: String) -> Bool {
        unsafe martlet_engine_may_run(path) != 0
    }

    private static var ownPath: String? {
        var bytes = [CChar](repeating: 0, count: 4_096)
        let count = unsafe martlet_engine_own_path(&bytes, bytes.count)
        guard 0..<Int64(bytes.count) ~= count else { return nil }
        return String(decoding: bytes[..<Int(count)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    // MARK: Ending

    private static let pause = Duration.milliseconds(5)

    /// Waits for its end, and brings it about where it does not come by itself.
    func ending(patience: Duration) async -> EngineEnding {
        var isKilled = false
        let deadline = ContinuousClock.now + patience
        while true {
            var detail: Int32 = 0
            switch unsafe martlet_engine_poll(id, &detail) {
            case Int32(MARTLET_ENGINE_EXITED.rawValue): return .exited(Int(detail))
            case Int32(MARTLET_ENGINE_SIGNALLED.rawValue): return .signalled(Int(detail))
            case Int32(MARTLET_ENGINE_RUNS.rawValue): break
            default: return .unknown
            }
            if !isKilled, ContinuousClock.now >= deadline {
                martlet_engine_kill(id)
                isKilled = true
            }
            try? await Task.sleep(for: Self.pause)
        }
    }
}
