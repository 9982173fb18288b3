import SignalServer
import Negotiation
import Signaling
import Logging
import MediaWorker
import Wire
final class NullPlane: MediaPlane {
  let loopCount = 1
  let events = [AsyncStream<WorkerEvent> { _ in }]
  func submit(_ command: WorkerCommand, to loop: Int) -> Bool { true }
}
var c = SignalServerConfiguration(keys: TokenKeys(), negotiators: [Negotiator(configuration: ServerMediaConfiguration(fingerprint: Fingerprint(algorithm: "sha-256", bytes: Array(0..<32)), candidates: []))])
c.isDevelopment = true
c.port = 17880
var l = Logger(label: "x"); l.logLevel = .trace
try await SignalService(configuration: c, plane: NullPlane(), logger: l).run(onRunning: { print("port \($0)") }, until: { try? await Task.sleep(for: .seconds(300)) })
