// The ICE words of simulated clients, drawn from their seed.
// SPDX-License-Identifier: Apache-2.0
package import Negotiation
package import Wire

extension ICEParameters {
    /// Fresh words of the usual lengths; never for real connections.
    package static func random(using random: inout SeededRandom) -> ICEParameters {
        func word(_ count: Int) -> String {
            let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789")
            return String((0..<count).map { _ in letters[Int(random.next() % 36)] })
        }
        return ICEParameters(usernameFragment: word(8), password: word(24))
    }
}
