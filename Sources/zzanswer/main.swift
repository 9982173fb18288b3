import Foundation
import Negotiation
import RTP
import Wire
import MediaCrypto
// usage: zzanswer profile ; offers separated by "\n====\n" on stdin; answers out likewise
let input = String(decoding: FileHandle.standardInput.readDataToEndOfFile(), as: UTF8.self)
let config = ServerMediaConfiguration(fingerprint: Fingerprint(algorithm: "sha-256", bytes: (0..<32).map { UInt8($0 * 7) }),
  candidates: [HostCandidate(address: NetworkAddress(hostText: "127.0.0.1", port: 40000)!, priority: 2130706431), HostCandidate(address: NetworkAddress(hostText: "fd00::2", port: 40000)!, priority: 2130706175)])
let n = Negotiator(configuration: config)
var rng = SeededRandom(seed: 42)
let profile: NegotiationProfile = switch CommandLine.arguments[1] { case "whip": .whip; case "whep": .whep(publishedCodecs: [.h264, .opus]); default: .sdk }
var previous: PeerMedia?
var outs: [String] = []
for offer in input.components(separatedBy: "\n====\n") {
  do { let r = try n.answer(to: offer, previous: previous, profile: profile, using: &rng); previous = r.media; outs.append(r.answer) }
  catch { outs.append("ERROR \(error) \(error.explanation)") }
}
print(outs.joined(separator: "\n====\n"), terminator: "")
