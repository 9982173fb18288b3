// Compressed pictures made by an encoder that is not part of this package.
// SPDX-License-Identifier: Apache-2.0

enum SampleUnits {
    /// `testPicture(0)`, `(1)` and `(2)` as temporal units of AV1: libaom 3.6.0, realtime, cpu-used 8, crf 24.
    static let av1: [[UInt8]] = hexadecimal.map { text in
        stride(from: 0, to: text.count, by: 2).compactMap { offset in
            UInt8(text.dropFirst(offset).prefix(2), radix: 16)
        }
    }

    private static let hexadecimal = [
        """
        12000a0a000000032dffcdaf900432a804100084400001000000dd2b4c9e12ef77c3300062cfa3ea\
        4c0effbd73f14d122dc66c5b3b3fe7f7988c53ee64638cf34a50ac5b01ff60afbceecad18b3b7fa6\
        9c54b66e04ee6125763c0ecb541f11ed605dc4678e0584b62290dd533c308cd4f874433889076245\
        6e54979c6d2e537c1ef0270facf057dc3d015d8380e1fab3272a1ae4112a1afeb58631958e670371\
        f1f46d4055643a91826623dc1aba9bc6fd89877b5d1116e40833034c9548b134679e427a7069bd43\
        7ce30825c476b5c001b6c14a9f2e4b4566869a043fca5abccdbfc50ef6507db7f8b54a44d018dac1\
        f30823d770fdf3db8994ad663961133a0701ccfa4af3ac3561f856a0c1dcc93d60ab9c033ab6eb3f\
        28e8fe91d2a818d6236a53db1939dcc7b3a991a2e5918563b778b36e50babdfc3a9a85311c43dc6a\
        5936a20e5f9d7f47116eb7d2efd77c5af1aad58a885170b066948bf37f3ebf9d2bf96b3c8219aba2\
        2dc6c57910050144d2d3e014ae4493f8b0132a82db5b5e52330d59ad1ec25a74a1fd51df426bd2d9\
        1582b8bac4b725de4b142efc7db589013002a5fdc1e399183baa38d331fb37707e623b18d6115d71\
        576ed72a14f912445a2b39cf2fd32d8171245dea48eb04c89e0d8a6c4851b22b582e87e315387e80\
        6b914c33da1e46248514582c35a7ac06e2866dab66f113b2deab35ad687e594f3f9301045be36b0b\
        a147b1e43807f77e44e8906272693172265955029334a05fd09fef6e31155860ff8323e8229187d3\
        ce86939c017cd88434
        """,
        """
        1200322130038080fdf84698001c71c712080100da3302f8d8f1b56a1d3ecc9161155c380b
        """,
        """
        1200322b300401057df84698001c71c712080500d9d4fc335c6027378ed778ff63a79ded0dc29b39\
        3c97f708555c80
        """,
    ]
}
