// What can go wrong with files and network sources, and what to do about it.
// SPDX-License-Identifier: Apache-2.0
import CMediaFiles
package import MediaCodecs

/// Why something was not read or written. Addresses are named without what stands before `@` and behind `?`.
package enum MediaFileError: Error, Equatable, Sendable {
    /// Sources of this scheme are not opened.
    case schemeNotAllowed(String)
    /// There is no such file.
    case notFound(String)
    /// The file may not be read or written, or it is a folder, pipe or device.
    case noAccess(String)
    /// The contents are nothing that FFmpeg knows, or damaged beyond reading.
    case notMedia(String)
    /// There are neither pictures nor sound in it.
    case noStreams(String)
    /// Nothing came for as long as the options allow.
    case timedOut(String)
    /// Somebody called ``MediaFileStop/stop()``.
    case stopped
    /// The source cannot be read from the start again.
    case notSeekable(String)
    /// Something else went wrong with this file, in FFmpeg's words.
    case failed(String, reason: String)
    /// An argument lies outside what is possible; the text says what is.
    case refused(String)
    /// A packet's time is not later than that of the packet before it in its track. The writer can go on.
    case timeNotRising(last: Int64, given: Int64)
    /// No keyframe of the pictures came, and no more sound is kept back for it.
    case noKeyframe
    /// A codec's own error. After `.damaged` a decoder can go on.
    case codec(MediaCodecError)
    /// The writer was finished, or failed before.
    case closed
    /// There is no memory.
    case outOfMemory
}

extension MediaFileError: CustomStringConvertible {
    /// What happened and what to do.
    package var description: String {
        switch self {
        case .schemeNotAllowed(let scheme):
            "sources of the kind \(scheme): are not opened: give a path, file:, rtsp://, rtsps://, rtmp://, rtmps://, http:// or https://; a path with a colon in its first name is written ./NAME"
        case .notFound(let source): "\(source) does not exist: check its name"
        case .noAccess(let source):
            "\(source) is not accessible: it must be a file that this user may read or, to record, write"
        case .notMedia(let source):
            "\(source) is damaged, or nothing that FFmpeg can read: see what ffprobe says of it"
        case .noStreams(let source): "\(source) has neither pictures nor sound"
        case .timedOut(let source):
            "\(source) sent nothing in time: check that it is up and can be reached, or allow more time"
        case .stopped: "reading was stopped"
        case .notSeekable(let source):
            "\(source) cannot be read from its start again: open it once more, or do not loop it"
        case .failed(let source, let reason): "\(source): \(reason)"
        case .refused(let what): what
        case .timeNotRising(let last, let given):
            "a packet at \(given) ns comes behind one at \(last) ns: the times of a track must rise"
        case .noKeyframe:
            "no keyframe of the pictures has come: ask their sender for one, or record without pictures"
        case .codec(let error): "\(error)"
        case .closed: "the file is closed: make another writer"
        case .outOfMemory: "no memory is left: close what is not needed"
        }
    }
}

extension MediaFileError {
    /// What an answer below 0 of the C side means for `source`.
    init(status: Int32, source: String, reason: String) {
        self =
            switch Int(status) {
            case MARTLET_FILE_NO_MEMORY: .outOfMemory
            case MARTLET_FILE_NOT_FOUND: .notFound(source)
            case MARTLET_FILE_NO_ACCESS: .noAccess(source)
            case MARTLET_FILE_NOT_MEDIA: .notMedia(source)
            case MARTLET_FILE_NO_STREAMS: .noStreams(source)
            case MARTLET_FILE_TIMED_OUT: .timedOut(source)
            case MARTLET_FILE_STOPPED: .stopped
            case MARTLET_FILE_REFUSED:
                .refused(
                    "\(source) is a list of other files, which are not opened: name one of them")
            case MARTLET_FILE_NO_SEEKING: .notSeekable(source)
            case MARTLET_FILE_NOT_IN_BUILD:
                .failed(source, reason: "the installed FFmpeg was built without what it needs")
            default: .failed(source, reason: reason.isEmpty ? "FFmpeg gives no reason" : reason)
            }
    }
}

/// Room for what FFmpeg says of an error.
struct ErrorText {
    private var bytes = [CChar](repeating: 0, count: MARTLET_FILE_TEXT_BYTES)

    /// Lends the room to a call.
    mutating func lend<Result>(_ body: (UnsafeMutablePointer<CChar>?) -> Result) -> Result {
        unsafe bytes.withUnsafeMutableBufferPointer { unsafe body($0.baseAddress) }
    }

    /// What was said; empty if nothing.
    var text: String {
        String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
