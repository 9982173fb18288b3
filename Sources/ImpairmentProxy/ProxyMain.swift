// The impairment proxy's process: options, the loop, standard input and signals.
// SPDX-License-Identifier: Apache-2.0
import Glibc
import MediaIO
import NetworkImpairment
import Wire

/// A UDP proxy between clients and one server that makes the network bad on purpose.
@main
struct ProxyMain {
    static func main() async {
        let options: ProxyOptions
        do throws(ProxyOptionError) {
            options = try ProxyOptions(
                Array(CommandLine.arguments.dropFirst()), now: MonotonicClock.now())
        } catch {
            fail("\(error.message) (see --help)")
        }
        if options.wantsHelp {
            print(ProxyOptions.usage, terminator: "")
            return
        }
        do throws(SocketError) {
            try await run(options)
        } catch {
            switch error {
            case .addressInUse(let address): fail("\(address) is in use")
            case .addressNotAvailable(let address):
                fail("\(address.hostText) is not an address of this machine")
            case .permissionDenied(let address): fail("\(address) needs a privilege")
            default: fail("\(error)")
            }
        }
    }

    private static func run(_ options: ProxyOptions) async throws(SocketError) {
        // Upstream sockets take any address: the kernel then chooses the one that reaches the server.
        let anywhere =
            options.target.isIPv6
            ? NetworkAddress(ipv6High: 0, low: 0, port: 0) : NetworkAddress(ipv4: 0, port: 0)
        let upstream = [NetworkAddress](repeating: anywhere, count: options.clientsMax)
        let sockets = try SocketSet(bindings: [options.listen] + upstream)
        let listening = sockets.addresses[0]
        var configuration = MediaLoopConfiguration()
        configuration.name = "martlet-impair"
        let loop = try MediaLoop(
            configuration: configuration, sockets: sockets,
            handler: ImpairedRelay(
                server: options.target, socketCount: options.clientsMax + 1, plan: options.plan,
                seed: options.seed, now: MonotonicClock.now()))
        let console = Console()
        say("{\"listen\":\"\(listening)\",\"target\":\"\(options.target)\"}")

        let teller = Task {
            for await event in loop.events {
                switch event {
                case .counters(let counters): say(counters.json)
                case .refused(.unknown(let name)): say("{\"error\":\"unknown setting\"}", name)
                case .refused(.invalid(let name, _)): say("{\"error\":\"out of range\"}", name)
                }
            }
        }
        let end = options.seconds.map {
            MonotonicClock.now() + MediaDuration(nanoseconds: Int64($0 * 1e9))
        }
        console.readLines(isListening: options.hasControl, until: end) { line in
            guard let command = RelayCommand(line: line) else { return }
            if !loop.submit(command) { say("{\"error\":\"too many commands\"}") }
        }
        _ = loop.submit(.report)
        loop.stop()
        await teller.value
    }

    /// Prints a line at once, also into a pipe; `remark` goes to the person, on standard error.
    private static func say(_ line: String, _ remark: String? = nil) {
        print(line)
        fflush(nil)
        if let remark { complain(remark) }
    }

    static func complain(_ message: String) {
        let line = Array("martlet-impair: \(message)\n".utf8)
        _ = unsafe write(STDERR_FILENO, line, line.count)
    }

    static func fail(_ message: String) -> Never {
        complain(message)
        exit(64)
    }
}

extension RelayCommand {
    /// Reads a control line: `rebind`, `report`, or a setting and its value; nil for an empty one.
    init?(line: String) {
        let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
        guard let first = words.first else { return nil }
        switch first {
        case "rebind": self = .rebind
        case "report": self = .report
        default: self = .set(name: first, value: words.count == 2 ? words[1] : "")
        }
    }
}
