import Documents
import Domain

extension ListContinuation {
    /// The token that stands for this place in a list.
    var token: String {
        Base64.encode(
            Document.object(
                Fields([
                    .init(key: "rv", value: .integer(version)),
                    .init(key: "start", value: .string(after)),
                    .init(key: "v", value: "meta.k8s.io/v1"),
                ])
            ).canonicalJSON())
    }

    /// Reads a token.
    init(token: String) throws(APIStatus) {
        let bytes: [UInt8]
        switch Base64.decode(token) {
        case .success(let decoded): bytes = decoded
        case .failure(let error):
            throw .badRequest(
                "invalid continue token: continue key is not valid: "
                    + "illegal base64 data at input byte \(error.offset)")
        }
        guard let document = try? JSON.parse(bytes),
            let version = document["rv"]?.integerValue, version > 0,
            let start = document["start"]?.stringValue
        else { throw .badRequest("invalid continue token: continue key is not valid") }
        self.init(version: version, after: start)
    }
}

/// Base64 with the alphabet for URLs and without padding (RFC 4648 section 5).
enum Base64 {
    struct Failure: Error {
        /// The first byte that does not belong.
        let offset: Int
    }

    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        var buffer: UInt32 = 0
        var bits = 0
        for byte in bytes {
            buffer = buffer << 8 | UInt32(byte)
            bits += 8
            while bits >= 6 {
                bits -= 6
                text.append(alphabet[Int(buffer >> UInt32(bits) & 63)])
            }
            buffer &= (1 << UInt32(bits)) - 1
        }
        if bits > 0 { text.append(alphabet[Int(buffer << UInt32(6 - bits) & 63)]) }
        return String(decoding: text, as: UTF8.self)
    }

    /// The usual alphabet with padding (section 4), as bytes stand in JSON.
    static func padded(_ bytes: [UInt8]) -> String {
        let text = encode(bytes).map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 }
        return String(text) + String(repeating: "=", count: (4 - text.count % 4) % 4)
    }

    static func decode(_ text: String) -> Result<[UInt8], Failure> {
        var bytes: [UInt8] = []
        var buffer: UInt32 = 0
        var bits = 0
        for (offset, byte) in text.utf8.enumerated() {
            guard let value = alphabet.firstIndex(of: byte) else {
                return .failure(Failure(offset: offset))
            }
            buffer = buffer << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(buffer >> UInt32(bits) & 255))
                buffer &= (1 << UInt32(bits)) - 1
            }
        }
        return .success(bytes)
    }
}
