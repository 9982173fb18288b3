// martlet-benchmark: what forwarding costs, measured over real sockets with real keys.
// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Measures, prints, and fails where a threshold is passed.
@main
struct BenchmarkMain {
    static func main() async {
        var arguments = Array(CommandLine.arguments.dropFirst())
        if arguments.contains("--help") || arguments.contains("-h") {
            print(BenchmarkOptions.usage)
            return
        }
        let isLoad = arguments.first == "--as-load"
        if isLoad { arguments.removeFirst() }
        do {
            let options = try BenchmarkOptions(arguments)
            if isLoad {
                try await LoadSide(options: options, pipe: FramedPipe(input: 0, output: 1)).run()
                return
            }
            // A load that dies must not take this process with it.
            signal(SIGPIPE, SIG_IGN)
            var result = BenchmarkResult()
            if options.loops > 1 {
                var single = options
                single.loops = 1
                let reference = try await BenchmarkRun(options: single, arguments: arguments).run()
                result = try await BenchmarkRun(options: options, arguments: arguments).run()
                result.oneLoop = reference.microsecondsPerPacket
            } else {
                result = try await BenchmarkRun(options: options, arguments: arguments).run()
            }
            let report = BenchmarkReport(options: options, result: result)
            print(options.isJSON ? report.json : report.table)
            let failures = report.failures
            for failure in failures { complain(failure) }
            if !failures.isEmpty { exit(1) }
        } catch {
            complain("\(error)")
            exit(2)
        }
    }

    private static func complain(_ text: String) {
        let bytes = Array((text + "\n").utf8)
        _ = unsafe write(2, bytes, bytes.count)
    }
}
