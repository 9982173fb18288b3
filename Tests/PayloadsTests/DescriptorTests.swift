// What the descriptors of each codec say, on real and damaged payloads.
// SPDX-License-Identifier: Apache-2.0

import RTP
import Testing
import Wire

@testable import Payloads

@Test func realVP8KeyframeIsRead() throws {
    let payload = Chromium156.vp8Keyframe
    let descriptor = try #require(vp8(payload))
    #expect(descriptor.count == 4)
    #expect(descriptor.isStartOfFrame)
    #expect(descriptor.pictureID == 0x0959)
    #expect(descriptor.pictureIDIs15Bit)
    #expect(descriptor.pictureIDOffset == 2)
    #expect(descriptor.tl0PictureIndex == nil)
    #expect(descriptor.temporalLayer == nil)
    #expect(descriptor.isKeyframe)
    #expect(descriptor.width == 320)
    #expect(descriptor.height == 180)
    let rest = try #require(vp8(Chromium156.vp8KeyframeRest))
    #expect(!rest.isStartOfFrame && !rest.isKeyframe && rest.width == nil)
    let delta = try #require(vp8(Chromium156.vp8Delta))
    #expect(delta.isStartOfFrame && !delta.isKeyframe && delta.pictureID == 0x095A)
}

@Test func everyFieldOfVP8IsRead() throws {
    let descriptor = try #require(vp8(Handmade.vp8Full))
    #expect(descriptor.count == 6)
    #expect(descriptor.pictureID == 0x1234)
    #expect(descriptor.tl0PictureIndex == 0x56)
    #expect(descriptor.tl0Offset == 4)
    #expect(descriptor.temporalLayer == 2)
    #expect(descriptor.isLayerSync)
    #expect(descriptor.keyIndex == 17)
    #expect(descriptor.keyIndexOffset == 5)
    let short = try #require(vp8(Handmade.vp8Short))
    #expect(short.pictureID == 0x11)
    #expect(!short.pictureIDIs15Bit)
    #expect(short.count == 3)
}

@Test func vp8WithoutPictureIDIsTaken() throws {
    // The shortest descriptor, and one with an empty extension.
    let plain = try #require(vp8(bytes("1000")))
    #expect(plain.count == 1 && plain.pictureID == nil && plain.isKeyframe)
    let empty = try #require(vp8(bytes("900000")))
    #expect(empty.count == 2 && empty.pictureIDOffset == nil)
    // A keyframe too short for its size, and one without the start code.
    #expect(empty.isKeyframe && empty.width == nil)
    let wrong = try #require(
        vp8(bytes("1000000000000040 01B400")))
    #expect(wrong.isKeyframe && wrong.width == nil)
    // Another partition's start is no frame's start.
    let partition = try #require(vp8(bytes("1100")))
    #expect(!partition.isStartOfFrame && !partition.isKeyframe)
}

@Test func vp8CutOffIsRefused() {
    for text in ["", "10", "80", "9080", "908080", "90808011", "90F0923456B1"] {
        #expect(vp8(bytes(text)) == nil, "\(text)")
    }
}

@Test func realVP9KeyframesAreRead() throws {
    let descriptor = try #require(vp9(Chromium156.vp9Keyframe))
    #expect(descriptor.pictureID == 0x7AD6)
    #expect(descriptor.pictureIDIs15Bit)
    #expect(descriptor.pictureIDOffset == 1)
    #expect(descriptor.isFlexibleMode)
    #expect(descriptor.isStartOfFrame && !descriptor.isEndOfFrame)
    #expect(descriptor.isKeyframe)
    #expect(descriptor.spatialLayerCount == 1)
    let sizes = vp9Sizes(Chromium156.vp9Keyframe)
    #expect(sizes.count == 1 && sizes.largest == PictureSize(width: 320, height: 180))
    #expect(descriptor.count == 8)
    #expect(descriptor.tl0Offset == nil)
    let rest = try #require(vp9(Chromium156.vp9KeyframeRest))
    #expect(!rest.isKeyframe && !rest.isInterPicturePredicted)
    let delta = try #require(vp9(Chromium156.vp9Delta))
    #expect(delta.isInterPicturePredicted && delta.isEndOfFrame && !delta.isKeyframe)
    #expect(delta.count == 4)
}

@Test func realLayeredVP9IsRead() throws {
    let key = try #require(vp9(Chromium156.vp9LayeredKeyframe))
    #expect(key.isKeyframe)
    #expect(key.temporalLayer == 0 && key.spatialLayer == 0)
    #expect(key.isSwitchingUpPoint && !key.isInterLayerPredicted)
    let sizes = vp9Sizes(Chromium156.vp9LayeredKeyframe)
    #expect(sizes.count == 1 && sizes.largest == PictureSize(width: 320, height: 180))
    let delta = try #require(vp9(Chromium156.vp9LayeredDelta))
    #expect(delta.temporalLayer == 1 && delta.spatialLayer == 0)
    #expect(delta.pictureID == 0x3C40)
    #expect(delta.isNotReferenceForUpperLayers)
    #expect(delta.count == 5)
}

@Test func nonFlexibleVP9CarriesBaseLayerNumbers() throws {
    let descriptor = try #require(vp9(Handmade.vp9NonFlexible))
    #expect(!descriptor.isFlexibleMode)
    #expect(descriptor.tl0PictureIndex == 0x99)
    #expect(descriptor.tl0Offset == 4)
    #expect(descriptor.temporalLayer == 1)
    #expect(descriptor.spatialLayer == 2)
    #expect(descriptor.isInterLayerPredicted)
    // A higher spatial layer of a keyframe is no place to begin.
    #expect(descriptor.isStartOfFrame && !descriptor.isInterPicturePredicted)
    #expect(!descriptor.isKeyframe)
}

@Test func scalabilityStructuresAreWalked() throws {
    let descriptor = try #require(vp9(Handmade.vp9Structure))
    #expect(descriptor.spatialLayerCount == 3)
    let sizes = vp9Sizes(Handmade.vp9Structure)
    #expect(sizes.count == 3 && sizes.largest == PictureSize(width: 1280, height: 720))
    #expect(sizes[3] == nil && sizes[-1] == nil)
    #expect(descriptor.count == Handmade.vp9Structure.count - 1)
    let references = try #require(vp9(Handmade.vp9References))
    #expect(references.count == 5)
    // Four references cannot be.
    #expect(vp9(bytes("D0 01 03 05 07 09 AA")) == nil)
    // A picture group of 255 pictures that is not there.
    #expect(vp9(bytes("0A 08 FF 0C 00")) == nil)
}

@Test func h264UnitsAreFoundInEveryForm() throws {
    var cursor = H264UnitCursor()
    var payload = Chromium156.h264ParameterSets
    #expect(
        cursor.next(payload)
            == H264Unit(type: 7, range: 3..<22, isStart: true, isEnd: true))
    #expect(
        cursor.next(payload)
            == H264Unit(type: 8, range: 24..<28, isStart: true, isEnd: true))
    #expect(cursor.next(payload) == nil)
    cursor = H264UnitCursor()
    payload = Chromium156.h264IDRStart
    #expect(
        cursor.next(payload)
            == H264Unit(type: 5, range: 2..<24, isStart: true, isEnd: false))
    #expect(cursor.next(payload) == nil)
    cursor = H264UnitCursor()
    #expect(cursor.next(Chromium156.h264IDREnd)?.isEnd == true)
    cursor = H264UnitCursor()
    #expect(cursor.next(Chromium156.h264Delta)?.type == 1)
    // An aggregate whose unit is empty or runs past its end; forms that are never negotiated.
    for text in ["78", "7800", "780000", "780002 67", "79 0001 67", "7D 85 00", "7C", "00", "1F"] {
        var cursor = H264UnitCursor()
        #expect(cursor.next(bytes(text)) == nil, "\(text)")
    }
}

@Test func av1ElementsAreFound() throws {
    let payload = Chromium156.av1Keyframe
    let header = try #require(av1(payload))
    #expect(header.startsSequence && header.continuesLast && !header.continuesFirst)
    #expect(header.elementCount == 2)
    var cursor = AV1ElementCursor(header)
    #expect(cursor.next(payload) == AV1Element(type: 1, range: 2..<13))
    #expect(cursor.next(payload) == AV1Element(type: 6, range: 13..<48))
    #expect(cursor.next(payload) == nil)

    let rest = Chromium156.av1KeyframeRest
    cursor = AV1ElementCursor(try #require(av1(rest)))
    #expect(cursor.next(rest) == AV1Element(type: nil, range: 1..<24))

    let lengths = Handmade.av1Lengths
    cursor = AV1ElementCursor(try #require(av1(lengths)))
    #expect(cursor.next(lengths)?.type == 2)
    #expect(cursor.next(lengths)?.type == 1)
    #expect(cursor.next(lengths) == nil)
    // Lengths past the payload, of too many bytes, and of more than 32 bits.
    for text in ["00 7F AA", "00 FFFFFFFFFFFFFFFFFF", "00 FFFFFFFFFF7F AA", "00 80"] {
        let lie = bytes(text)
        var cursor = AV1ElementCursor(try #require(av1(lie)))
        #expect(cursor.next(lie) == nil, "\(text)")
        #expect(cursor.next(lie) == nil, "\(text)")
    }
    #expect(av1(bytes("88")) == nil)
}

@Test func keyframesOfEachCodecAreSeen() {
    let cases: [(MediaCodec, [UInt8], Bool)] = [
        (.vp8, Chromium156.vp8Keyframe, true),
        (.vp8, Chromium156.vp8KeyframeRest, false),
        (.vp8, Chromium156.vp8Delta, false),
        (.vp9, Chromium156.vp9Keyframe, true),
        (.vp9, Chromium156.vp9KeyframeRest, false),
        (.vp9, Chromium156.vp9Delta, false),
        (.vp9, Chromium156.vp9LayeredKeyframe, true),
        (.vp9, Chromium156.vp9LayeredDelta, false),
        (.vp9, Handmade.vp9NonFlexible, false),
        (.h264, Chromium156.h264ParameterSets, true),
        (.h264, Chromium156.h264IDRStart, true),
        (.h264, Chromium156.h264IDREnd, false),
        (.h264, Chromium156.h264Delta, false),
        (.h264, bytes("6588"), true),
        (.h264, bytes("68CE"), false),
        (.av1, Chromium156.av1Keyframe, true),
        (.av1, Chromium156.av1KeyframeRest, false),
        (.av1, Chromium156.av1Delta, false),
        (.av1, Handmade.av1Lengths, true),
        (.opus, [0xF8], true),
        (.rtx, Chromium156.vp8Keyframe, false),
    ]
    for (codec, payload, isKeyframe) in cases {
        #expect(
            isKeyframeStart(codec, payload) == isKeyframe,
            "\(codec) \(payload.prefix(4))")
    }
    for codec in MediaCodec.allCases {
        #expect(!isKeyframeStart(codec, [UInt8]()))
    }
}

@Test func dependencyDescriptorsOfChromiumAreRead() throws {
    // The first packets of a VP9 L2T2_KEY stream: extension 13 with and without its structure.
    let first = bytes("80000180 0011ea85 141010c0 4fc02cce 901405c8 e01013f0 0b33")
    let key = try #require(dependencies(first))
    #expect(key.isStartOfFrame && !key.isEndOfFrame)
    #expect(key.frameNumber == 1)
    #expect(key.hasTemplateStructure)
    let next = try #require(dependencies(bytes("C20002")))
    #expect(next.isStartOfFrame && next.isEndOfFrame)
    #expect(next.templateID == 2 && next.frameNumber == 2 && !next.hasTemplateStructure)
    for text in ["", "C2", "C200"] {
        #expect(dependencies(bytes(text)) == nil)
    }
}

@Test func damagedPayloadsNeverTrap() {
    for sample in Chromium156.all + Handmade.all {
        forEachDamage(of: sample) { readAll($0) }
    }
}

@Test func randomPayloadsNeverTrap() {
    var random = SeededRandom(seed: 2)
    for _ in 0..<50_000 {
        readAll(
            (0..<Int.random(in: 0...24, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            })
    }
}

/// Reads a payload as every codec, and patches it there and back.
private func readAll(_ payload: [UInt8]) {
    let patch = DescriptorPatch(pictureID: 0xFFFF, tl0PictureIndex: 0xFF, keyIndex: 0xFF)
    for codec in MediaCodec.allCases {
        _ = Keyframe.isKeyframeStart(codec: codec, payload: payload.span)
        var copy = payload
        var span = copy.mutableSpan
        let fields = DescriptorPatch.apply(codec: codec, payload: &span, patch: patch)
        DescriptorPatch.restore(fields, in: &span)
        #expect(copy == payload)
    }
    if let descriptor = VP8Descriptor.parse(payload.span) {
        #expect(descriptor.count < payload.count)
    }
    if let descriptor = VP9Descriptor.parse(payload.span) {
        #expect(descriptor.count < payload.count)
    }
    var units = H264UnitCursor()
    while let unit = units.next(in: payload.span) {
        #expect(unit.range.upperBound <= payload.count)
    }
    if let header = AV1AggregationHeader.parse(payload.span) {
        var elements = AV1ElementCursor(header)
        var count = 0
        while let element = elements.next(in: payload.span) {
            #expect(element.range.upperBound <= payload.count)
            count += 1
        }
        #expect(count <= payload.count)
    }
    _ = DependencyDescriptor.parse(payload.span)
}

@Test func layersOfVP9AreTold() throws {
    // |I|P|L|F|B|E|V|Z|, picture id, |TID|U|SID|D|, TL0PICIDX, payload.
    let start = vp9Layers(bytes("E8 81 23 55 07 AA"))
    #expect(start.temporal == 2 && start.isSwitchPoint && start.spatial == 2)
    #expect(start.isFrameStart && !start.isFrameEnd && !start.isIndependent && !start.hasStructure)
    let end = vp9Layers(bytes("A4 81 23 05 07 AA"))
    #expect(end.temporal == 0 && !end.isSwitchPoint && end.spatial == 2)
    #expect(!end.isFrameStart && end.isFrameEnd && end.isIndependent)
    let structured = vp9Layers(Chromium156.vp9Keyframe)
    #expect(structured.hasStructure && structured.isIndependent)
}

@Test func noMoreSizesAreKeptThanThereCanBe() {
    var sizes = LayerSizes()
    #expect(sizes.largest == nil)
    for width in 1...9 { sizes.append(PictureSize(width: UInt16(width), height: 1)) }
    #expect(sizes.count == 8 && sizes.largest?.width == 8)
    #expect(sizes != LayerSizes() && sizes == sizes)
}

/// What is written into a payload of VP9 that stands behind two other bytes; `nil`: nothing.
private func tied(_ payload: [UInt8]) -> [UInt8]? {
    guard let octet = VP9LayerOctet.ofIndependentFrame(payload.span) else { return nil }
    var bytes = [0, 0] + payload
    var span = bytes.mutableSpan
    octet.setPredictedFromBelow(in: &span, from: 2)
    return Array(bytes.dropFirst(2))
}

@Test func upperFramesBetweenKeyframesCanBeTiedToTheLayerBelow() throws {
    // |I|P|L|F|B|E|V|Z|, a picture's number of one or two bytes or none, |TID|U|SID|D|.
    #expect(tied([0xFD, 0x81, 0x02, 0x32, 0x02, 9]) == [0xFD, 0x81, 0x02, 0x33, 0x02, 9])
    #expect(tied([0xFC, 0x01, 0x04, 0x02, 9]) == [0xFC, 0x01, 0x05, 0x02, 9])
    #expect(tied([0x6C, 0x02, 7, 9]) == [0x6C, 0x03, 7, 9])
    let read = try #require(tied([0xEC, 0x81, 0x02, 0x34, 7, 9]))
    let descriptor = VP9Descriptor.parse(read.span)
    #expect(descriptor?.isInterLayerPredicted == true && descriptor?.spatialLayer == 2)
    // A keyframe, the rest of a frame, one without layers, the smallest, one that says so already.
    let others: [[UInt8]] = [
        [0xBC, 1, 4, 9], [0xF0, 1, 4, 9], [0xD8, 1, 4, 9], [0xFC, 1, 0x20, 9], [0xFC, 1, 5, 9],
    ]
    for payload in others { #expect(tied(payload) == nil) }
    let whole: [UInt8] = [0xFC, 0x81, 0x02, 0x04, 9]
    for count in 0..<4 { #expect(tied(Array(whole.prefix(count))) == nil) }
    let octet = VP9LayerOctet.ofIndependentFrame(whole.span)
    #expect(octet == VP9LayerOctet(offset: 3, spatial: 2))
    var short: [UInt8] = [1, 2]
    var span = short.mutableSpan
    octet?.setPredictedFromBelow(in: &span, from: 0)
    #expect(short == [1, 2])
}
