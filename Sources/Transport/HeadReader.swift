/// Puts status and header fields together from the lines that libcurl hands over one by one.
struct HeadReader {
    private(set) var head = ResponseHead()
    /// Bytes of all lines so far.
    private(set) var bytes = 0
    /// The blank line of the final answer has come.
    private(set) var isComplete = false

    /// Takes a line; false if the header is longer than allowed.
    mutating func take(_ line: UnsafeRawBufferPointer, limit: Int) -> Bool {
        bytes += line.count
        guard bytes <= limit else { return false }
        // What comes after the body (trailers) tells us nothing.
        guard !isComplete else { return true }
        let text = Self.trimmed(line[...])
        if text.isEmpty {
            // 100 Continue and its like come before the answer.
            isComplete = head.status >= 200
        } else if text.starts(with: "HTTP/".utf8) {
            head = ResponseHead(status: Self.status(text))
        } else if let colon = text.firstIndex(of: UInt8(ascii: ":")) {
            head.headers.add(
                String(decoding: text[..<colon], as: UTF8.self),
                String(decoding: Self.trimmed(text[(colon + 1)...]), as: UTF8.self)
            )
        }
        return true
    }

    private static func status(_ line: Slice<UnsafeRawBufferPointer>) -> Int {
        let digits = line.drop { $0 != UInt8(ascii: " ") }.dropFirst().prefix(3)
        return Int(String(decoding: digits, as: UTF8.self)) ?? 0
    }

    private static func trimmed(
        _ bytes: Slice<UnsafeRawBufferPointer>
    ) -> Slice<UnsafeRawBufferPointer> {
        var rest = bytes.drop { $0 <= UInt8(ascii: " ") }
        while let last = rest.last, last <= UInt8(ascii: " ") { rest = rest.dropLast() }
        return rest
    }
}
