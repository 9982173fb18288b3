// Offers as browsers write them, kept to the byte.
// SPDX-License-Identifier: Apache-2.0

/// Real offers. Their line ends are LF in the source and CR LF in the value.
enum OfferSample {
    /// Gives the lines of a literal the ends they have on the wire.
    static func lines(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0 + "\r\n" }.joined()
    }

    /// Every sample.
    static let all = [
        chromiumSDK, chromiumSimulcast, chromiumPlain, chromiumPlayer, firefoxSDK,
        firefoxH264,
    ]
}
