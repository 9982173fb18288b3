// Whose pages may open the signalling WebSocket.
// SPDX-License-Identifier: Apache-2.0

/// The origins (RFC 6454) that browsers may come from.
///
/// A WebSocket is open to pages of every origin unless its server looks. Here that is no hole by itself: what lets one
/// in is a token in the first message, which a browser never adds by itself as it does cookies. A list helps where
/// there are no tokens, and against pages that show the service as their own.
package enum AllowedOrigins: Sendable, Equatable {
    /// Those of every origin.
    case any
    /// Those of these alone, in lower case, and whoever is no browser.
    case only([String])

    /// Reads a list: origins such as `https://example.org:8443`, or `*` alone for all; `nil` if one is none.
    package init?(_ texts: [String]) {
        if texts == ["*"] {
            self = .any
            return
        }
        guard !texts.isEmpty, texts.allSatisfy(Self.isOrigin) else { return nil }
        self = .only(texts.map { $0.lowercased() })
    }

    /// Whether a request with these `Origin` fields is taken. Who sends none is no browser: a page cannot leave it out.
    func allow(_ fields: [String]) -> Bool {
        guard case .only(let list) = self, !fields.isEmpty else { return true }
        return fields.count == 1 && list.contains(fields[0].lowercased())
    }

    /// A scheme and a host, perhaps a port, and nothing behind.
    private static func isOrigin(_ text: String) -> Bool {
        let lower = text.lowercased()
        let scheme = ["https://", "http://"].first { lower.hasPrefix($0) }
        guard let scheme else { return false }
        let host = lower.dropFirst(scheme.count)
        return !host.isEmpty && host.utf8.count <= 255
            && host.utf8.allSatisfy {
                $0 > 0x20 && $0 < 0x7F && ![UInt8(ascii: "/"), UInt8(ascii: "@")].contains($0)
            }
    }
}
