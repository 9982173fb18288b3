// A TLS proxy before a test's server, with certificates made for the test.
// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The ports of a proxy that speaks TLS under several certificates, all signed by one authority of its own.
struct TLSFront {
    /// The file of the authority's certificate.
    let authority: String
    /// A certificate for `localhost` and 127.0.0.1.
    let good: Int
    /// The same, and TLS 1.2 alone.
    let old: Int
    /// A certificate for another host.
    let otherHost: Int
    /// A certificate of the past.
    let expired: Int

    private static let proxy = """
        import asyncio, ssl, sys
        target = int(sys.argv[1])
        async def pipe(reader, writer):
            try:
                while data := await reader.read(65536):
                    writer.write(data)
                    await writer.drain()
            except Exception: pass
            finally: writer.close()
        async def serve(reader, writer):
            try: up = await asyncio.open_connection('127.0.0.1', target)
            except OSError: return writer.close()
            await asyncio.gather(pipe(reader, up[1]), pipe(up[0], writer))
        async def main():
            servers = []
            for name in ['good', 'old', 'other', 'expired']:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                file = name if name != 'old' else 'good'
                context.load_cert_chain(f'{sys.argv[2]}/{file}.pem', f'{sys.argv[2]}/{file}.key')
                if name == 'old': context.maximum_version = ssl.TLSVersion.TLSv1_2
                servers.append(await asyncio.start_server(serve, '127.0.0.1', 0, ssl=context))
                print(servers[-1].sockets[0].getsockname()[1], flush=True)
            await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        asyncio.run(main())
        """

    /// Runs a proxy before a port for as long as `body` runs.
    static func with<Value: Sendable>(
        port: Int, _ body: (TLSFront) async throws -> Value
    ) async throws -> Value {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "martlet-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let here = "subjectAltName=DNS:localhost,IP:127.0.0.1"
        try await run("openssl", newKey("authority", "/CN=Martlet tests", ["-x509"]), in: folder)
        let signed = ["-x509", "-CA", "authority.pem", "-CAkey", "authority.key"]
        try await run(
            "openssl", newKey("good", "/CN=server", signed + ["-addext", here]), in: folder)
        try await run(
            "openssl",
            newKey(
                "other", "/CN=server", signed + ["-addext", "subjectAltName=DNS:elsewhere.test"]),
            in: folder)
        try await run("openssl", newKey("expired", "/CN=server", ["-addext", here]), in: folder)
        try await run(
            "openssl",
            ["x509", "-req", "-in", "expired.pem", "-CA", "authority.pem"]
                + ["-CAkey", "authority.key", "-CAcreateserial", "-copy_extensions", "copy"]
                + ["-days", "-1", "-out", "expired.pem"],
            in: folder)

        let process = Process()
        let (input, output) = (Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", proxy, "\(port)", folder.path]
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        // The proxy ends with its input.
        defer { try? input.fileHandleForWriting.close() }
        let (chunks, chunksIn) = AsyncStream.makeStream(of: Data.self)
        output.fileHandleForReading.readabilityHandler = { chunksIn.yield($0.availableData) }
        defer { output.fileHandleForReading.readabilityHandler = nil }
        var text = ""
        for await chunk in chunks {
            text += String(decoding: chunk, as: UTF8.self)
            // An empty one is the end.
            if chunk.isEmpty || text.filter({ $0 == "\n" }).count == 4 { break }
        }
        let ports = text.split(separator: "\n").compactMap { Int($0) }
        guard ports.count == 4 else { throw TestFailure("the proxy does not run") }
        return try await body(
            TLSFront(
                authority: folder.appendingPathComponent("authority.pem").path, good: ports[0],
                old: ports[1], otherHost: ports[2], expired: ports[3]))
    }

    private static func newKey(_ name: String, _ subject: String, _ more: [String]) -> [String] {
        ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", subject]
            + ["-keyout", "\(name).key", "-out", "\(name).pem"] + more
            + (more.contains("-x509") ? ["-days", "2"] : [])
    }

    private static func run(_ tool: String, _ arguments: [String], in folder: URL) async throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [tool] + arguments
        process.currentDirectoryURL = folder
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        let status = try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
        guard status == 0 else { throw TestFailure("\(tool) \(arguments) failed") }
    }
}
