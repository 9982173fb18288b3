// An RSA-2048 identity for tests: OpenSSL 3.0.22, `openssl req -x509 -newkey rsa:2048`. It protects nothing.
// SPDX-License-Identifier: Apache-2.0
import MediaCrypto

enum RSAIdentity {
    static let identity = CertificateIdentity(
        certificateDER: decode(certificate), privateKeyDER: decode(privateKey))

    private static func decode(_ base64: String) -> [UInt8] {
        let alphabet = Array(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var (bits, count): (UInt32, Int) = (0, 0)
        var bytes: [UInt8] = []
        for character in base64.utf8 {
            guard let value = alphabet.firstIndex(of: character) else { continue }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        return bytes
    }

    private static let certificate = """
        MIIDAzCCAeugAwIBAgIUVtnvGTblP7sKWKXn5vjnGE7HoWgwDQYJKoZIhvcNAQELBQAwETEPMA0GA1UEAwwGV2Vi
        UlRDMB4XDTI2MTEyMTA4MjkwN1oXDTM2MTExODA4MjkwN1owETEPMA0GA1UEAwwGV2ViUlRDMIIBIjANBgkqhkiG
        9w0BAQEFAAOCAQ8AMIIBCgKCAQEAvAhI0N9lfvIFbe/w6VON3eg8dj0Rr/TTHl/g3mxFNkFxEsw1E1/o/Ps+aylT
        zDeF6DwXI+uGF3G+SXAnuCJ3R6eltYIDFZMfh8YcDv5y1XSbW0FLmpcJjNPQAAJw2kjNM+Anf/+dip09hiXLuHNf
        /1D3TWWvSpmBtZBGu0w1x3AXffMej2uxnXFMIcy/Q2n7sdXnMPk493r/iYCa9G8sdLq+whGoNMgwt4Baeyv9pchd
        +wRUHgzF/G6ZYCvq1kI+lUVTC2Eal8n1y+CCeFV4V8ShjjYu3gczoBY9K0WrQUJQP4CzBjjuuzQNQNEW6wfkN5J3
        DL9UxIJ8t70++LX9ZwIDAQABo1MwUTAdBgNVHQ4EFgQU2AMgjfFJFA5MA57cymxSLqZc+dowHwYDVR0jBBgwFoAU
        2AMgjfFJFA5MA57cymxSLqZc+dowDwYDVR0TAQH/BAUwAwEB/zANBgkqhkiG9w0BAQsFAAOCAQEADJGV7npuYnQD
        //gld4tlXgR4lfouzHtZruRSv9wyq6UTOFXNeTimnyZlFRo+3ejHe3iMyuoycZTuhOM3H7JxbBPTSfTaRW/4KUen
        rl7eSgwqVln6Ub9b6c29JLkAysGBxS0sZ7/Bs9CTXNCywj99TgbZSTrm9zW9Y35IQ7W37ztkJ3lvcvo/+yc3Zn+b
        XbobzDdhZEcdtvbReoJqAs+Mbg07/O+Xb0iXHjsJMcbjlh9EMoSbDF2XopWnBuKmx11SiJoIzaqIIaqm55A3Aqk8
        maPZ5jQSoczLcbw8uTfHpa2z2HMXwRbtgWIwh8uEGlA8esDu1Kkg2faN6WetLAbInw==
        """

    private static let privateKey = """
        MIIEowIBAAKCAQEAvAhI0N9lfvIFbe/w6VON3eg8dj0Rr/TTHl/g3mxFNkFxEsw1E1/o/Ps+aylTzDeF6DwXI+uG
        F3G+SXAnuCJ3R6eltYIDFZMfh8YcDv5y1XSbW0FLmpcJjNPQAAJw2kjNM+Anf/+dip09hiXLuHNf/1D3TWWvSpmB
        tZBGu0w1x3AXffMej2uxnXFMIcy/Q2n7sdXnMPk493r/iYCa9G8sdLq+whGoNMgwt4Baeyv9pchd+wRUHgzF/G6Z
        YCvq1kI+lUVTC2Eal8n1y+CCeFV4V8ShjjYu3gczoBY9K0WrQUJQP4CzBjjuuzQNQNEW6wfkN5J3DL9UxIJ8t70+
        +LX9ZwIDAQABAoIBABm4VmF/1U3OhDCcDAuWesbaX/7abqNvbTtv6P3zuGnp/LISDcaHLYMBSPH2lrhN9fqk0ZN/
        wXlOfTVlaoF08XTzOScBUDOwyrTTQ/5HDuUkzKVoYpOUSmGhjYeazd4F7E/GvxByohWWWZaSb/HckkqFxDYpjRc6
        tTPlNs+i5o5Pigws5K4eyGbp38XsSwqxp3yZiNc+dhxWsmzyjp7VpQooIz0lWXbrm3K11QB4+lubDusRoYmJLHl8
        8I2RnjHRo6X0GrWvjap8CzenwODUhNVeKldZ5TXQoVDMG60UMU/MqbwjZZxcw7xSCrYChTiKyVKrVt3w1PNWpHhX
        0Xd+jkECgYEA8oZ8zc9IVQ1F4mTFgjj7x2d3d5VY5eNXklwE7o+HQJy3egAJ+BgWFqG6KoQaxXiB3qer43SBGBGq
        u5QzzeNnUlwQXt5zGvRiI2DSfZj9dExe6HF9pOnmMTCUlsYj/UC2SnoIKCo4hpyx4KBpIkOuzojDsdoVLtAeJ2Ky
        RDl7asECgYEAxnq5/E6NqilT34N73diXv+nCeR+uDOQcYS34FJZ5NYMxcsiqwpEJBOah+I4/wg/2w+qC0NZ5Y2SI
        87Ml8I73m/mz9PAyDepvcOAyXwn/K4cmRw4B19nyV/AD+JO2QEWR9iC0/ZvPDqljUUczj6U/s4iNBD5z+oOz+GEZ
        myv5OicCgYEA5uEtMujgHUfzfaEdfektmBlh3A/rf368QXMkps8wnUwURyp+UxbrAESabBszOUaNrB/HPVQOCZHY
        DZb68khIdll6pDX1MnXwb2mfOT5KG0sRFwvj5vlc0PtEmXyrik7uu1wNI999zHijxgovzBTO94OveUL544TxD+Gf
        f9+RJIECgYAs4evU5l6asCXLUYxdKnGGcHINueA+Agd44lBLN4vJUhWIg2A6B1omxZCzCFfapomC3DEg0J86nq1p
        joVx1KKhnuHW7coj43O37rr1SultCm7Zeo1oJlzrDdeYCq8X8aOEKPlEsEsuYZeX9aXvQcsZ6jMZVpYbfFTiQfLs
        aBE/2QKBgGwEKS/WSvr318CClKv+pLUgWHlbdqq57+3nRmhX8OtttW+nWC1b0gfTuPlRTABTBXdZ6azopz8rCsPV
        0ZmP/UdwDSLV88WWuEbL7PNiVlDN0JbNJzRDN3cYRabjnF/4DOVyHNIGxT6WBBmTJbeKK8JghjHcT88nPk24eBff
        HsX+
        """
}
