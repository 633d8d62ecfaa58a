import CLibCurl

/// The memory into which libcurl writes what went wrong.
final class ErrorText {
    let bytes: UnsafeMutablePointer<CChar>

    init() {
        bytes = .allocate(capacity: Int(CURL_ERROR_SIZE))
        bytes.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        bytes.deallocate()
    }

    /// The text; `nil` if there is none.
    var text: String? {
        bytes.pointee == 0 ? nil : String(cString: bytes)
    }
}
