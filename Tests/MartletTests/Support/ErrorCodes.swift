// The codes of errors that calls end with.
// SPDX-License-Identifier: Apache-2.0
import Martlet

/// The code of what a call throws; `nil`: it throws nothing, or something that has none.
func errorCode(_ body: () async throws -> Void) async -> Int? {
    do {
        try await body()
        return nil
    } catch {
        return (error as? MartletError)?.code
    }
}
