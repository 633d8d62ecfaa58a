import CLibCurl

/// A `curl_slist`; freed with the last reference, which must outlive the handle that uses it.
final class HeaderList {
    private(set) var raw: UnsafeMutablePointer<curl_slist>?

    deinit {
        curl_slist_free_all(raw)
    }

    /// Adds a copy of a line; false if there is no memory.
    func add(_ line: String) -> Bool {
        guard let longer = curl_slist_append(raw, line) else { return false }
        raw = longer
        return true
    }
}
