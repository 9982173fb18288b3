// martlet-signal-benchmark: what a large room costs the signalling side, measured over real WebSockets.
// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Measures, prints, and stops by itself.
@main
struct SignalBenchmarkMain {
    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        if arguments.contains("--help") || arguments.contains("-h") {
            print(SignalBenchmarkOptions.usage)
            return
        }
        do {
            raiseDescriptorLimit()
            if arguments.first == ServerProcess.childArgument {
                try await ServerSide(memberCount: Int(arguments.dropFirst().first ?? "") ?? 2_000)
                    .run()
                return
            }
            // A server that dies must not take this process with it.
            signal(SIGPIPE, SIG_IGN)
            let options = try SignalBenchmarkOptions(arguments)
            print(try await SignalBenchmarkRun(options: options).run().table)
        } catch {
            let bytes = Array("\(error)\n".utf8)
            _ = unsafe write(2, bytes, bytes.count)
            exit(1)
        }
    }

    /// Each connection holds a descriptor, and the usual soft limit is 1024.
    private static func raiseDescriptorLimit() {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard unsafe getrlimit(resource, &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        _ = unsafe setrlimit(resource, &limit)
    }
}
