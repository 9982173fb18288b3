// The address that HTTP is served on, as it is typed: host, host:port, or :port.
// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// A host and a TCP port.
struct HTTPAddress: ExpressibleByArgument, Equatable {
    /// The port where none is given.
    static let defaultPort = 7880

    /// An address or a name, without brackets.
    var host: String
    /// The port, 0 to 65,535; 0 lets the system choose.
    var port: Int

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    init?(argument: String) {
        var host = Substring(argument)
        var port = Self.defaultPort
        let colons = argument.filter { $0 == ":" }.count
        let hasPort =
            argument.hasPrefix("[") ? argument.contains("]:") : colons == 1
        if hasPort, let colon = argument.lastIndex(of: ":") {
            guard let number = UInt16(argument[argument.index(after: colon)...]) else { return nil }
            port = Int(number)
            host = argument[..<colon]
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        if host.isEmpty { host = "127.0.0.1" }
        guard host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        self.init(host: String(host), port: port)
    }

    var defaultValueDescription: String { "\(host):\(port)" }

    /// Whether only this machine can reach it.
    var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }

    /// Whether it stands for every address of this machine.
    var isWildcard: Bool { host == "0.0.0.0" || host == "::" }

    /// The host as a browser on this machine can open it.
    var hostToOpen: String {
        if isWildcard { return "localhost" }
        return host.contains(":") ? "[\(host)]" : host
    }
}
