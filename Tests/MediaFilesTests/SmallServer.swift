// A server of HTTP with files of a folder, and with some that never end.
// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import Testing

/// Serves on the loopback until it is closed, each connection once. Of files whose name begins with "half" only the first half comes,
/// and then nothing.
final class SmallServer: Sendable {
    let port: UInt16
    private let listener: Int32

    init(folder: String) throws {
        let listener = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        // The pointers are those of variables that live as long as the calls.
        let isBound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(listener, $0, length) == 0 && listen(listener, 8) == 0
                    && getsockname(listener, $0, &length) == 0
            }
        }
        try #require(isBound)
        self.listener = listener
        port = UInt16(bigEndian: address.sin_port)
        Thread {
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { return }
                Thread { Self.serve(connection, folder) }.start()
            }
        }.start()
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    private static func serve(_ connection: Int32, _ folder: String) {
        defer { close(connection) }
        var request = [UInt8](repeating: 0, count: 4_096)
        let count = unsafe recv(connection, &request, request.count, 0)
        let words = String(decoding: request.prefix(max(count, 0)), as: UTF8.self)
            .split(separator: " ")
        guard words.count > 1,
            let data = FileManager.default.contents(atPath: folder + words[1])
        else {
            send(connection, Array("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".utf8))
            return
        }
        let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: \(data.count)\r\n\r\n"
        let isHalf = words[1].hasPrefix("/half")
        send(connection, Array(head.utf8) + data.prefix(isHalf ? data.count / 2 : data.count))
        // Until the other side goes.
        if isHalf { _ = unsafe recv(connection, &request, request.count, 0) }
    }

    private static func send(_ connection: Int32, _ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = Array(rest)
            let sent = unsafe Glibc.send(
                connection, piece, piece.count, Int32(MSG_NOSIGNAL))
            guard sent > 0 else { return }
            rest = rest.dropFirst(sent)
        }
    }
}
