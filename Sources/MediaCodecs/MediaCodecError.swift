// What can go wrong with codecs, and what to do about it.
// SPDX-License-Identifier: Apache-2.0
import CMediaCodecs

/// Why something was not encoded, decoded or converted.
public enum MediaCodecError: Error, Equatable, Sendable {
    /// The libraries of this machine were built without this codec.
    case notInBuild(codec: String)
    /// A setting or argument lies outside what is possible; the text says what is.
    case refused(String)
    /// The input cannot be decoded. The decoder can go on with the next.
    case damaged
    /// The output does not fit: it needs up to this many elements.
    case noRoom(needed: Int, have: Int)
    /// There is no memory.
    case outOfMemory
    /// A codec failed for reasons of its own.
    case failed(String)
}

extension MediaCodecError: CustomStringConvertible {
    /// What happened and what to do.
    public var description: String {
        switch self {
        case .notInBuild(let codec):
            "the installed FFmpeg has no \(codec): install a build that has it, or choose another codec"
        case .refused(let what): what
        case .damaged:
            "the input is damaged: drop it; after a picture, ask the sender for a keyframe"
        case .noRoom(let needed, let have):
            "the output has room for \(have) elements: give it \(needed)"
        case .outOfMemory: "no memory is left: close what is not needed"
        case .failed(let what): "\(what) failed: make a new one and begin with a keyframe"
        }
    }
}

extension MediaCodecError {
    /// What an answer below 0 of the C side means for `what`; `settings` says what is possible.
    init(status: Int32, what: String, settings: String) {
        self =
            switch Int(status) {
            case MARTLET_CODEC_NO_MEMORY: .outOfMemory
            case MARTLET_CODEC_NOT_IN_BUILD: .notInBuild(codec: what)
            case MARTLET_CODEC_REFUSED: .refused("\(what): \(settings)")
            case MARTLET_CODEC_DAMAGED: .damaged
            default: .failed(what)
            }
    }
}
