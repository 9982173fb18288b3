// Where a running server is asked, as it is typed: a URL, or just a host and a port.
// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// The address of a server's HTTP port, and the folder below which a proxy shows it.
struct ServerAddress: ExpressibleByArgument, Equatable {
    /// The environment variable with the address.
    static let environmentName = "MARTLET_SERVER"
    /// A server on this machine.
    static let standard = ServerAddress(host: "127.0.0.1", port: HTTPAddress.defaultPort)

    /// An address or a name, without brackets.
    var host: String
    /// The TCP port.
    var port: Int
    /// What stands before every path: empty, or `/` and more.
    var folder = ""

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    init?(argument: String) {
        var rest = Substring(argument)
        var port: Int?
        if let scheme = rest.firstRange(of: "://") {
            guard rest[..<scheme.lowerBound].lowercased() == "http" else { return nil }
            rest = rest[scheme.upperBound...]
            // A URL means HTTP's own port where it names none (RFC 9110 §4.2.1).
            port = 80
        }
        let authority = rest.prefix { $0 != "/" }
        var folder = rest[authority.endIndex...]
        while folder.hasSuffix("/") { folder.removeLast() }
        let isPortNamed = authority.last { $0 == ":" || $0 == "]" } == ":"
        guard !authority.isEmpty, !authority.contains(where: { "@?#\\".contains($0) }),
            let address = HTTPAddress(argument: String(authority)),
            folder.utf8.allSatisfy({
                $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#")
            })
        else { return nil }
        self.init(
            host: address.host, port: isPortNamed ? address.port : port ?? address.port)
        self.folder = String(folder)
    }

    /// The address as a URL.
    var text: String {
        "http://\(host.contains(":") ? "[\(host)]" : host):\(port)\(folder)"
    }

    var defaultValueDescription: String { text }
}
