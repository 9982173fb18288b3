// Running numbers written into shared payloads and put back.
// SPDX-License-Identifier: Apache-2.0

import RTP
import Testing

@testable import Payloads

private let patch = DescriptorPatch(pictureID: 0x7FFE, tl0PictureIndex: 0xA5, keyIndex: 0x0C)

/// The payload with a patch in it, and whether putting back gave the old one.
private func patched(
    _ codec: MediaCodec, _ payload: [UInt8], _ patch: DescriptorPatch = patch
) -> (bytes: [UInt8], isRestored: Bool) {
    var copy = payload
    var span = copy.mutableSpan
    let fields = DescriptorPatch.apply(codec: codec, payload: &span, patch: patch)
    let bytes = copy
    var again = copy.mutableSpan
    DescriptorPatch.restore(fields, in: &again)
    return (bytes, copy == payload)
}

@Test func longPictureIDOfVP8IsPatchedInPlace() throws {
    let (payload, isRestored) = patched(.vp8, Chromium156.vp8Keyframe)
    #expect(isRestored)
    #expect(payload.count == Chromium156.vp8Keyframe.count)
    let descriptor = try #require(vp8(payload))
    #expect(descriptor.pictureID == 0x7FFE)
    #expect(descriptor.isKeyframe && descriptor.width == 320)
    var expected = Chromium156.vp8Keyframe
    expected.replaceSubrange(2..<4, with: [0xFF, 0xFE])
    #expect(payload == expected)
}

@Test func shortPictureIDOfVP8TakesItsLowSevenBits() throws {
    let (payload, isRestored) = patched(.vp8, Handmade.vp8Short)
    #expect(isRestored)
    #expect(payload == bytes("90807E01AA"))
}

@Test func everyNumberOfVP8IsPatchedAndNothingElse() throws {
    let (payload, isRestored) = patched(.vp8, Handmade.vp8Full)
    #expect(isRestored)
    // The temporal layer and the sync bit beside the keyframe number stay.
    #expect(payload == bytes("90F0FFFEA5AC010203"))
}

@Test func vp8WithoutNumbersIsLeftAlone() {
    for payload in [bytes("1000"), bytes("900000"), bytes("90A00040AA"), bytes("90")] {
        let (same, isRestored) = patched(.vp8, payload)
        #expect(isRestored)
        if payload.count < 4 { #expect(same == payload) }
    }
    #expect(vp8Fields(bytes("1000")).isEmpty)
}

@Test func numbersOfVP9ArePatched() throws {
    let (payload, isRestored) = patched(.vp9, Handmade.vp9NonFlexible)
    #expect(isRestored)
    #expect(payload == bytes("A8FFFE35A50102"))
    let (flexible, isFlexibleRestored) = patched(.vp9, Chromium156.vp9LayeredDelta)
    #expect(isFlexibleRestored)
    var expected = Chromium156.vp9LayeredDelta
    expected.replaceSubrange(1..<3, with: [0xFF, 0xFE])
    #expect(flexible == expected)
    #expect(patched(.vp9, bytes("8011AA")).bytes == bytes("807EAA"))
}

@Test func otherCodecsAreNeverPatched() {
    for codec: MediaCodec in [.opus, .red, .h264, .av1, .rtx] {
        for sample in Chromium156.all {
            #expect(patched(codec, sample).bytes == sample)
        }
    }
}

@Test func eachReceiversNumbersFollowOneAnotherInOnePayload() throws {
    var payload = Handmade.vp8Full
    let original = payload
    let fields = vp8Fields(payload)
    #expect(
        fields.original == DescriptorPatch(pictureID: 0x1234, tl0PictureIndex: 0x56, keyIndex: 17))
    for receiver in 0..<100 {
        let numbers = DescriptorPatch(
            pictureID: UInt16(receiver) &* 600, tl0PictureIndex: UInt8(receiver),
            keyIndex: UInt8(receiver % 32))
        var span = payload.mutableSpan
        fields.apply(numbers, to: &span)
        let read = vp8Fields(payload).original
        #expect(read.pictureID == numbers.pictureID & 0x7FFF)
        #expect(read.tl0PictureIndex == numbers.tl0PictureIndex)
        #expect(read.keyIndex == numbers.keyIndex)
    }
    var span = payload.mutableSpan
    fields.restore(in: &span)
    #expect(payload == original)
}

@Test func fieldsOfALongerPayloadNeverWriteOutsideAShorterOne() {
    let fields = vp8Fields(Handmade.vp8Full)
    for count in 0..<Handmade.vp8Full.count {
        var short = Array(Handmade.vp8Full.prefix(count))
        var span = short.mutableSpan
        fields.apply(patch, to: &span)
        fields.restore(in: &span)
        #expect(short == Array(Handmade.vp8Full.prefix(count)))
    }
}
