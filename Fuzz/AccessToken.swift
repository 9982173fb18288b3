// libFuzzer entry: access tokens, as they come and behind a right signature.
// SPDX-License-Identifier: Apache-2.0
import Signaling

/// Verifies the input as a token, then as the header and payload of a token that is signed rightly.
@c public func LLVMFuzzerTestOneInput(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = unsafe [UInt8](UnsafeBufferPointer(start: data, count: count))
    var keys = TokenKeys()
    try? keys.add(name: "dev", secret: Array("development".utf8), isDevelopment: true)
    let verifier = TokenVerifier(keys: keys)
    _ = try? verifier.verify(String(decoding: bytes, as: UTF8.self), now: 1_800_000_000)
    guard let issuer = TokenIssuer(keyName: "dev", of: keys) else { return 0 }
    let header = Array(#"{"alg":"HS256"}"#.utf8)
    _ = try? verifier.verify(issuer.sign(header: header, payload: bytes), now: 1_800_000_000)
    return 0
}
